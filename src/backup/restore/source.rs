//! What a restore is given: the backup, read twice.

use std::error::Error;
use std::future::Future;

use bytes::Bytes;
use tokio::sync::mpsc::Receiver;

use pgarchive::Entry;
use pgarchive::manifest::{Manifest, Table};

/// Why a backup could not be read, or a server not be reached. Its text names the file or server.
pub type Failure = Box<dyn Error + Send + Sync>;

/// A backup whose table of contents and manifest have been read.
#[derive(Debug)]
pub struct Backup<'a, C> {
    /// The archive's entries, in its order.
    pub entries: &'a [Entry],
    /// What the backup says about itself.
    pub manifest: &'a Manifest,
    /// Its files.
    pub content: &'a C,
}

/// The files of a backup. They are read twice: whole and to no effect before the target is
/// touched, and again to load them. What is damaged is found by the first pass; what changes between
/// the two, or is cut short by a network, by the second.
pub trait Content: Sync {
    /// The first pass: reads every file and compares sizes and hashes with the manifest.
    ///
    /// # Errors
    /// Name the file and what differs.
    fn check(&self) -> impl Future<Output = Result<(), Failure>> + Send;

    /// The second pass, one table: its rows as COPY text, cut anywhere, without the end marker.
    /// What is read is checked on the way, and whatever is wrong comes as the last message.
    fn rows(&self, table: &Table) -> Receiver<Result<Bytes, Failure>>;
}
