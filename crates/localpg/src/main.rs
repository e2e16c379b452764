//! `localpg [folder]`: a private PostgreSQL for as long as its input stays open.
//!
//! With a folder the data is kept there, and others who name the folder share the server; without
//! one it is thrown away. The first line of the output is the address, the second says whether the
//! server was `started` or `joined`.

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
