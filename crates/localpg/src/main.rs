//! `localpg [folder]`: runs a private PostgreSQL until the end of its input.
//!
//! With a folder, the data stays there, and other processes with the same folder share the server. Without one, the data
//! is removed at the end. The first line of the output is the address, and the second is `started` or `joined`.

use std::env;
use std::io::{self, Read};
use std::path::Path;
use std::process::ExitCode;

use localpg::{Durable, Error, Programs, Throwaway, ThrowawayOptions};

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("localpg: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Error> {
    let programs = Programs::find_or_fetch(&mut |line| eprintln!("{line}"))?;
    if let Some(folder) = env::args_os().nth(1) {
        let server = Durable::open(&programs, Path::new(&folder))?;
        let how = if server.started() {
            "started"
        } else {
            "joined"
        };
        hold(&server.url("postgres"), how);
    } else {
        let server = Throwaway::start(&programs, ThrowawayOptions::default())?;
        hold(&server.url("postgres"), "started");
    }
    Ok(())
}

fn hold(url: &str, how: &str) {
    println!("{url}\n{how}");
    // An input that cannot be read is at its end as well.
    io::stdin().read_to_end(&mut Vec::new()).ok();
}
