//! Logs: one JSON object a line for machines, plain text on a terminal.
//!
//! The Functions host records each line of stdout as Information and each line of stderr as Error,
//! or as Warning if the line contains `warn`. So each record is written once: info and debug to
//! stdout, warnings and errors to stderr, and the JSON of an error never contains that text.
//!
//! The host ties no line to an invocation, so each line carries the invocation's id itself:
//! [`Context`] belongs to the task, and [`Context::inherited`] hands it on to a task that is started on
//! behalf of the invocation.
//!
//! Logging never waits. Lines go through bounded queues, one for each stream; when nothing reads the
//! stream, records are dropped and counted. A failure that repeats is written once and then counted.

mod context;
mod line;
mod logger;
mod outlet;
mod panics;
mod repeats;
mod requests;
mod settings;

pub use context::{Context, traceparent};
pub use logger::{flush, start};
pub use requests::answered;
pub use settings::{Format, Requests, Settings, SettingsError};
