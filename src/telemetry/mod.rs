//! Logs: one JSON object a line for machines, plain text on a terminal.
//!
//! The Functions host records each line of stdout as Information and each line of stderr as Error, or as
//! Warning if the line contains `warn`. So each record is written once: info and debug to stdout, warnings
//! and errors to stderr, and the JSON of an error never contains that text.
//!
//! The host does not connect lines with invocations, so each line has the invocation's id: [`Context`]
//! belongs to a task, and [`Context::inherited`] passes it to a task that works for the same invocation.
//!
//! Requests are counted in [histograms](Histogram) of atomic counters, which `/metrics` reads too.
//!
//! Logging never blocks. Each stream has a bounded queue; when nothing reads the stream, records are dropped
//! and counted. A failure that repeats is written once and then counted.

mod context;
mod histogram;
mod line;
mod logger;
mod outlet;
mod panics;
mod repeats;
mod requests;
mod settings;
mod traceparent;

pub use context::Context;
pub use histogram::{Bounds, Distribution, Histogram, TIMES};
pub use logger::{flush, start};
pub use requests::{EndedRequest, RequestDurations, record_request, request_durations};
pub use settings::{Format, Requests, Settings};
pub use traceparent::Traceparent;
