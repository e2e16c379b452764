//! The engine compared with independent arithmetic, and with examples.

mod examples;
mod icalendar;
mod json_schema;
mod lint;
mod oracle;
mod random;
mod zones;
