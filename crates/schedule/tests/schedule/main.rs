//! Sizes by schedule: the engine against arithmetic that knows nothing of it, and against examples.

mod examples;
mod icalendar;
mod json_schema;
mod lint;
mod oracle;
mod random;
mod zones;
