//! Events of an export that the operator should know while it runs.

use std::time::Duration;

/// An event of an export.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// It stopped because another session changes the database, and starts over after a pause.
    Yielded { reason: String, pause: Duration },
    /// It failed, and some of the files that it stored are still in this folder.
    FilesRemain { folder: String, reason: String },
}
