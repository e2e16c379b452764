//! A panic as one log record, with the invocation's id. The report of the standard library has many lines,
//! and the Functions host records each of them as an error.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::fmt::Write;
use std::panic::{self, PanicHookInfo};

/// Logs panics from now on. `RUST_BACKTRACE=1` adds the backtrace.
pub(super) fn log() {
    panic::set_hook(Box::new(|panic| {
        log::error!("{}", description(panic, &Backtrace::capture()));
    }));
}

fn description(panic: &PanicHookInfo<'_>, backtrace: &Backtrace) -> String {
    let place = panic.location().map(|it| format!(" at {it}"));
    let message = panic.payload_as_str().unwrap_or("no message");
    let mut text = format!("a panic{}: {message}", place.unwrap_or_default());
    if backtrace.status() == BacktraceStatus::Captured {
        // Writing to a string never fails.
        let _ = write!(text, "\n{backtrace}");
    }
    text
}
