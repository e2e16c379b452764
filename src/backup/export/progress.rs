//! How far an export is.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// The reports of a running export.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    Progress(Progress),
    /// The run stopped because another session changes the database, and starts over after a pause.
    Yielded {
        reason: String,
        pause: Duration,
    },
    /// The run failed, and some of its files are still in the store.
    FilesRemain {
        folder: String,
        reason: String,
    },
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// 0 until it is known.
    pub tables: u64,
    pub tables_done: u64,
    /// Rows of the tables that are stored.
    pub rows: u64,
    pub bytes: u64,
    /// By the size of the tables in the server.
    pub estimated_bytes: u64,
}

pub(super) struct Tally<'a> {
    report: &'a (dyn Fn(Event) + Send + Sync),
    tables: AtomicU64,
    tables_done: AtomicU64,
    rows: AtomicU64,
    bytes: AtomicU64,
    estimated_bytes: AtomicU64,
}

impl<'a> Tally<'a> {
    pub(super) fn new(report: &'a (dyn Fn(Event) + Send + Sync)) -> Tally<'a> {
        Tally {
            report,
            tables: AtomicU64::new(0),
            tables_done: AtomicU64::new(0),
            rows: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
            estimated_bytes: AtomicU64::new(0),
        }
    }

    pub(super) fn expect(&self, tables: u64, estimated_bytes: u64) {
        self.tables.store(tables, Ordering::Relaxed);
        self.estimated_bytes
            .store(estimated_bytes, Ordering::Relaxed);
        self.report();
    }

    pub(super) fn read(&self, bytes: u64) {
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
        self.report();
    }

    pub(super) fn stored(&self, rows: u64) {
        self.tables_done.fetch_add(1, Ordering::Relaxed);
        self.rows.fetch_add(rows, Ordering::Relaxed);
        self.report();
    }

    fn report(&self) {
        let of = |number: &AtomicU64| number.load(Ordering::Relaxed);
        (self.report)(Event::Progress(Progress {
            tables: of(&self.tables),
            tables_done: of(&self.tables_done),
            rows: of(&self.rows),
            bytes: of(&self.bytes),
            estimated_bytes: of(&self.estimated_bytes),
        }));
    }
}
