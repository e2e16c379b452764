//! Output of the verbs: lines and tables for people, JSON for programs.

mod table;

use std::fmt::Display;
use std::io::{self, ErrorKind, Write};
use std::sync::Mutex;

use serde::Serialize;
use serde_json::json;

pub(crate) use table::say_table;

/// The first error of stdout.
static FAILURE: Mutex<Option<io::Error>> = Mutex::new(None);

/// Prints a line. A reader may close stdout early (`| head`): this is not an error, and the verb continues.
/// [`failure`] returns any other error.
pub(crate) fn say(line: impl Display) {
    if let Err(error) = writeln!(io::stdout(), "{line}")
        && error.kind() != ErrorKind::BrokenPipe
    {
        let mut failure = FAILURE
            .lock()
            .expect("nothing panics while it holds this lock");
        failure.get_or_insert(error);
    }
}

/// The reason why stdout is incomplete, such as a full disk.
pub(crate) fn failure() -> Option<io::Error> {
    let mut failure = FAILURE
        .lock()
        .expect("nothing panics while it holds this lock");
    failure.take()
}

/// Prints a line to stderr, if it is open.
pub(crate) fn say_error(line: impl Display) {
    let _ = writeln!(io::stderr(), "{line}");
}

/// Prints `{"data": …}`.
pub(crate) fn print(data: impl Serialize) {
    say(format_args!("{:#}", json!({ "data": data })));
}
