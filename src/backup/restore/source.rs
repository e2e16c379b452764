//! The input of a restore: the backup, which it reads twice.

use std::future::Future;

use bytes::Bytes;
use tokio::sync::mpsc::Receiver;

use super::error::Failure;
use super::options::Options;
use crate::backup::Progress;
use crate::database::Server;
use pgarchive::Entry;
use pgarchive::manifest::{Manifest, Table};

/// A backup whose table of contents and manifest have been read.
#[derive(Debug)]
pub struct Backup<'a, C> {
    /// The archive's entries, in its order.
    pub entries: &'a [Entry],
    pub manifest: &'a Manifest,
    pub content: &'a C,
}

/// The files of a backup. They are read twice: whole before the target is touched, and again to load
/// them. The first pass finds damage; the second one finds what changes between the two, or is cut short
/// by a network.
pub trait Content: Sync {
    /// The first pass: reads every file and compares sizes and hashes with the manifest.
    ///
    /// # Errors
    /// Name the file and the difference.
    fn check(&self) -> impl Future<Output = Result<(), Failure>> + Send;

    /// The second pass, one table: its rows as COPY text, cut anywhere, without the end marker. They are
    /// checked on the way, and an error is the last message.
    fn rows(&self, table: &Table) -> Receiver<Result<Bytes, Failure>>;
}

/// A restore under way: what each of its steps needs.
pub(super) struct Job<'a, C> {
    pub(super) backup: &'a Backup<'a, C>,
    pub(super) server: &'a Server,
    pub(super) options: &'a Options,
    pub(super) progress: &'a Progress,
}
