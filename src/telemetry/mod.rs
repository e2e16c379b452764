//! Logs: one JSON object a line on stdout for machines, plain text on a terminal.
//!
//! The Functions host ties no line of the handler's output to an invocation, so each line
//! carries the invocation's id itself: [`Context`] is the task's own, and the format asks for it.
//! The host shows stderr as errors, so stderr gets errors alone, as plain lines for people.

mod context;
mod line;

use std::io::{IsTerminal, Write};

use env_logger::fmt::Formatter;
use log::{Level, Record};

pub use context::{Context, traceparent};

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// One JSON object a line.
    Json,
    /// Plain text, for a person.
    Text,
}

impl Format {
    /// `LOG_FORMAT` (`json` or `text`), and without it text on a terminal.
    pub fn read(variable: impl Fn(&str) -> Option<String>) -> Format {
        match variable("LOG_FORMAT").as_deref() {
            Some("json") => Format::Json,
            Some("text") => Format::Text,
            _ if std::io::stdout().is_terminal() => Format::Text,
            _ => Format::Json,
        }
    }
}

/// Starts logging with the filter of `LOG` (`RUST_LOG` syntax, default `info`).
///
/// Called a second time, it keeps the first format.
pub fn start(format: Format, filter: Option<&str>) {
    let mut builder = env_logger::Builder::new();
    builder
        .target(env_logger::Target::Stdout)
        .parse_filters(filter.unwrap_or("info"));
    match format {
        Format::Json => builder.format(json),
        Format::Text => builder.format(text),
    };
    // An error says that a logger is there already.
    let _ = builder.try_init();
}

fn json(formatter: &mut Formatter, record: &Record<'_>) -> std::io::Result<()> {
    let now = jiff::Timestamp::now();
    let line = line::json(now, record, Context::current().as_ref());
    // To warp, a client that leaves is an error. It is no news for whoever watches stderr.
    if record.level() == Level::Error && record.target().starts_with("magnusapi") {
        let _ = writeln!(std::io::stderr(), "magnusapi: {}", record.args());
    }
    formatter.write_all(&line)
}

fn text(formatter: &mut Formatter, record: &Record<'_>) -> std::io::Result<()> {
    let now = jiff::Timestamp::now();
    let line = line::text(now, record, Context::current().as_ref());
    formatter.write_all(line.as_bytes())
}
