//! One log record as one line of text, without a clock and without output.

use std::fmt::Write;

use jiff::Timestamp;
use log::Record;
use log::kv::{Error, Key, Value, VisitSource};
use serde::Serialize;

use super::Context;

/// The record as one JSON object and a line feed. Members: `time` (RFC 3339, UTC), `level`, `target`,
/// `message`; of an invocation `invocation_id`, `traceparent`, `function`, `method` and `path`, which is a
/// template; and the record's own fields,
/// which never replace one of these. The text of an error never contains `warn`.
pub(super) fn json(now: Timestamp, record: &Record<'_>, context: Option<&Context>) -> Vec<u8> {
    let mut line = Members(Vec::with_capacity(384));
    line.put("time", &format_args!("{now:.3}"));
    line.put("level", level(record.level()));
    line.put("target", &record.target());
    line.put("message", record.args());
    if let Some(context) = context {
        line.put("invocation_id", &format_args!("{}", context.invocation_id));
        line.put("traceparent", &context.traceparent);
        line.put("function", &context.function);
        line.put("method", context.method);
        line.put("path", &format_args!("/{}", context.path));
    }
    // A collector of values never fails.
    let _ = record.key_values().visit(&mut line);
    line.0.extend_from_slice(b"}\n");
    match record.level() {
        log::Level::Error => without_warn(line.0),
        _ => line.0,
    }
}

/// The same JSON without the text `warn` in any letter case, because the Functions host records a line with
/// it as a warning. The text can only occur inside strings, where any letter may be an escape.
fn without_warn(line: Vec<u8>) -> Vec<u8> {
    let is_warn = |window: &[u8]| window.eq_ignore_ascii_case(b"warn");
    if !line.windows(4).any(is_warn) {
        return line;
    }
    let mut escaped = Vec::with_capacity(line.len() + 32);
    for (index, byte) in line.iter().enumerate() {
        if line.get(index..index + 4).is_some_and(is_warn) {
            escaped.extend_from_slice(format!("\\u{byte:04x}").as_bytes());
        } else {
            escaped.push(*byte);
        }
    }
    escaped
}

fn level(level: log::Level) -> &'static str {
    match level {
        log::Level::Error => "error",
        log::Level::Warn => "warn",
        log::Level::Info => "info",
        log::Level::Debug => "debug",
        log::Level::Trace => "trace",
    }
}

const RESERVED: [&str; 9] = [
    "time",
    "level",
    "target",
    "message",
    "invocation_id",
    "traceparent",
    "function",
    "method",
    "path",
];

/// An unfinished JSON object. Its members are in the order in which a person reads them.
struct Members(Vec<u8>);

impl Members {
    fn put<V: Serialize + ?Sized>(&mut self, key: &str, value: &V) {
        self.0.push(if self.0.is_empty() { b'{' } else { b',' });
        serde_json::to_writer(&mut self.0, key)
            .expect("a string always serializes, and writing to a Vec never fails");
        self.0.push(b':');
        let start = self.0.len();
        if serde_json::to_writer(&mut self.0, value).is_err() {
            self.0.truncate(start);
            self.0.extend_from_slice(b"null");
        }
    }
}

impl<'kvs> VisitSource<'kvs> for Members {
    fn visit_pair(&mut self, key: Key<'kvs>, value: Value<'kvs>) -> Result<(), Error> {
        if !RESERVED.contains(&key.as_str()) {
            self.put(key.as_str(), &value);
        }
        Ok(())
    }
}

/// The record for a person: time of day, level, message, fields, and the invocation.
pub(super) fn text(now: Timestamp, record: &Record<'_>, context: Option<&Context>) -> String {
    let time = format!("{now:.3}");
    let mut line = format!(
        "{} {:5} {}",
        time.get(11..23).unwrap_or(&time),
        record.level(),
        record.args()
    );
    // Writing to a string never fails.
    let _ = record.key_values().visit(&mut Words(&mut line));
    if let Some(context) = context {
        let _ = write!(line, "  [{} {}]", context.function, context.invocation_id);
    }
    line.push('\n');
    line
}

struct Words<'a>(&'a mut String);

impl<'kvs> VisitSource<'kvs> for Words<'_> {
    fn visit_pair(&mut self, key: Key<'kvs>, value: Value<'kvs>) -> Result<(), Error> {
        write!(self.0, " {key}={value}").map_err(Error::from)
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::telemetry::Traceparent;

    const INVOCATION: Uuid = Uuid::from_u64_pair(0x6d0f, 1);

    fn context() -> Context {
        Context {
            invocation_id: INVOCATION,
            traceparent: Traceparent::of(INVOCATION),
            function: "item",
            method: "GET",
            path: "item/{id}",
        }
    }

    fn line_of<T>(line: impl Fn(&Record<'_>) -> T) -> T {
        let fields = [("status", 201), ("level", 7)];
        line(
            &Record::builder()
                .args(format_args!("stored \"it\"\nwhole"))
                .level(log::Level::Info)
                .target("magnusapi::item")
                .key_values(&fields)
                .build(),
        )
    }

    #[test]
    fn a_json_line_is_one_object_with_its_members_in_order() {
        let line = line_of(|record| json(Timestamp::UNIX_EPOCH, record, Some(&context())));
        assert_eq!(
            String::from_utf8(line).expect("it is UTF-8"),
            "{\"time\":\"1970-01-01T00:00:00.000Z\",\"level\":\"info\",\
             \"target\":\"magnusapi::item\",\"message\":\"stored \\\"it\\\"\\nwhole\",\
             \"invocation_id\":\"00000000-0000-6d0f-0000-000000000001\",\
             \"traceparent\":\"00-0000000000006d0f0000000000000001-0000000000000001-00\",\
             \"function\":\"item\",\"method\":\"GET\",\"path\":\"/item/{id}\",\"status\":201}\n"
        );
    }

    #[test]
    fn the_json_of_an_error_never_contains_warn_and_has_the_same_values() {
        let message = "a WARNING in C:\\warn, forewarned";
        let fields = [("warn", "Warn")];
        let mut record = Record::builder();
        record.level(log::Level::Error).target("proxy::warn");
        record.key_values(&fields);
        let line = json(
            Timestamp::UNIX_EPOCH,
            &record.args(format_args!("{message}")).build(),
            None,
        );
        let line = String::from_utf8(line).expect("UTF-8");
        assert!(!line.to_lowercase().contains("warn"), "{line}");
        let parsed: serde_json::Value = serde_json::from_str(&line).expect("JSON");
        assert_eq!(parsed["message"], message);
        assert_eq!(parsed["warn"], "Warn");
        assert_eq!(parsed["target"], "proxy::warn");
    }

    #[test]
    fn a_text_line_has_time_level_message_fields_and_invocation() {
        let line = line_of(|record| text(Timestamp::UNIX_EPOCH, record, Some(&context())));
        assert_eq!(
            line,
            "00:00:00.000 INFO  stored \"it\"\nwhole status=201 level=7  \
             [item 00000000-0000-6d0f-0000-000000000001]\n"
        );
    }
}
