//! What verbs print: lines and tables for people, JSON for programs.

mod table;

use std::fmt::Display;
use std::io::{ErrorKind, Write};

use serde::Serialize;
use serde_json::json;

pub(crate) use table::Table;

/// Prints a line. Whoever reads may have seen enough (`| head`): then the rest is nothing to anybody,
/// and no failure.
pub(crate) fn say(line: impl Display) {
    match writeln!(std::io::stdout(), "{line}") {
        Ok(()) => {}
        Err(error) if error.kind() == ErrorKind::BrokenPipe => std::process::exit(0),
        Err(error) => {
            eprintln!("magnusapi: nothing can be written to stdout: {error}");
            std::process::exit(1);
        }
    }
}

/// Prints `{"data": …}`.
pub(crate) fn print(data: impl Serialize) {
    say(format_args!("{:#}", json!({ "data": data })));
}
