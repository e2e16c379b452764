//! What verbs print: lines and tables for people, JSON for programs.

mod table;

use std::fmt::Display;
use std::io::{self, ErrorKind, Write};
use std::sync::Mutex;

use serde::Serialize;
use serde_json::json;

pub(crate) use table::Table;

/// The first reason why stdout did not take a line.
static FAILURE: Mutex<Option<io::Error>> = Mutex::new(None);

/// Prints a line. A reader may close stdout early (`| head`): that is not an error, and the verb
/// goes on, because what it does matters more than what it prints. Any other failure is kept for
/// [`failure`].
pub(crate) fn say(line: impl Display) {
    if let Err(error) = writeln!(io::stdout(), "{line}")
        && error.kind() != ErrorKind::BrokenPipe
    {
        let mut failure = FAILURE.lock().expect("nothing panics while it holds this");
        failure.get_or_insert(error);
    }
}

/// Why stdout is not complete, if it is not: a full disk, for instance.
pub(crate) fn failure() -> Option<io::Error> {
    let mut failure = FAILURE.lock().expect("nothing panics while it holds this");
    failure.take()
}

/// Prints a line to stderr, if there is one.
pub(crate) fn complain(line: impl Display) {
    let _ = writeln!(io::stderr(), "{line}");
}

/// Prints `{"data": …}`.
pub(crate) fn print(data: impl Serialize) {
    say(format_args!("{:#}", json!({ "data": data })));
}
