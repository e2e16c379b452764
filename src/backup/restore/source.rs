//! The input of a restore: the backup, which it reads twice.

use bytes::Bytes;
use futures_util::future::BoxFuture;
use tokio::sync::mpsc::Receiver;

use super::error::Failure;
use super::options::Options;
use crate::backup::Progress;
use crate::database::Server;
use pgarchive::Entry;
use pgarchive::manifest::{Manifest, Table};

/// A backup whose table of contents and manifest have been read.
pub struct Backup<'a> {
    /// The archive's entries, in its order.
    pub entries: &'a [Entry],
    pub manifest: &'a Manifest,
    pub content: &'a dyn Content,
}

/// The files of a backup. They are read twice: whole before the target is touched, and again to load
/// them. The first pass finds damage; the second one finds what changes between the two, or is cut short
/// by a network.
pub trait Content: Send + Sync {
    /// The first pass: reads every file and compares sizes and hashes with the manifest.
    ///
    /// # Errors
    /// Name the file and the difference.
    fn check(&self) -> BoxFuture<'_, Result<(), Failure>>;

    /// The second pass, one table: its rows as COPY text, cut anywhere, without the end marker. They are
    /// checked on the way, and an error is the last message.
    fn rows(&self, table: &Table) -> Receiver<Result<Bytes, Failure>>;
}

/// A restore under way: what each of its steps needs.
pub(super) struct Job<'a> {
    pub(super) backup: &'a Backup<'a>,
    pub(super) server: &'a Server,
    pub(super) options: &'a Options,
    pub(super) progress: &'a Progress,
}
