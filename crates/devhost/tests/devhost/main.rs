//! The host beside recordings of the real one, and the behaviour that has no recording. Its handler is a recorder.

mod admin;
mod cors;
mod files;
mod process;
mod program;
mod recordings;
mod stage;
