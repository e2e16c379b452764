//! How far an export is.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// What an export reports while it runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// It is that far.
    Progress(Progress),
    /// It stopped because another session changes the database, and starts over after a pause.
    Yielded {
        /// What stopped it.
        reason: String,
        /// How long the pause is.
        pause: Duration,
    },
    /// It failed, and some of what it stored is still there.
    Left {
        /// The folder in the store.
        folder: String,
        /// Why.
        reason: String,
    },
}

/// How far an export is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Tables there are; 0 until that is known.
    pub tables: u64,
    /// Tables that are stored.
    pub tables_done: u64,
    /// Rows in these.
    pub rows: u64,
    /// Bytes read of all tables.
    pub bytes: u64,
    /// Bytes that there are, by the tables' size in the server: an estimate.
    pub estimated_bytes: u64,
}

/// Counts, and reports.
pub(super) struct Tally<'a> {
    tell: &'a (dyn Fn(Event) + Send + Sync),
    tables: AtomicU64,
    tables_done: AtomicU64,
    rows: AtomicU64,
    bytes: AtomicU64,
    estimated_bytes: AtomicU64,
}

impl<'a> Tally<'a> {
    pub(super) fn new(tell: &'a (dyn Fn(Event) + Send + Sync)) -> Tally<'a> {
        Tally {
            tell,
            tables: AtomicU64::new(0),
            tables_done: AtomicU64::new(0),
            rows: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
            estimated_bytes: AtomicU64::new(0),
        }
    }

    /// So much there is to do.
    pub(super) fn expect(&self, tables: u64, estimated_bytes: u64) {
        self.tables.store(tables, Ordering::Relaxed);
        self.estimated_bytes
            .store(estimated_bytes, Ordering::Relaxed);
        self.tell();
    }

    /// So many more bytes were read.
    pub(super) fn read(&self, bytes: u64) {
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
        self.tell();
    }

    /// A table of so many rows is stored.
    pub(super) fn stored(&self, rows: u64) {
        self.tables_done.fetch_add(1, Ordering::Relaxed);
        self.rows.fetch_add(rows, Ordering::Relaxed);
        self.tell();
    }

    fn tell(&self) {
        let of = |number: &AtomicU64| number.load(Ordering::Relaxed);
        (self.tell)(Event::Progress(Progress {
            tables: of(&self.tables),
            tables_done: of(&self.tables_done),
            rows: of(&self.rows),
            bytes: of(&self.bytes),
            estimated_bytes: of(&self.estimated_bytes),
        }));
    }
}
