//! The progress of an export, a restore, or a reading of the stored files.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The work writes it, and others may read it at any time.
#[derive(Debug, Default)]
pub struct Progress {
    tables: AtomicU64,
    tables_done: AtomicU64,
    rows: AtomicU64,
    bytes: AtomicU64,
    estimated_bytes: AtomicU64,
    steps: Mutex<Steps>,
}

/// A step of a drill.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Every file of the backup is compared with the manifest.
    Files,
    /// The database is made and filled.
    Load,
    /// The rows are read back and compared.
    Rows,
    /// The definitions are read back and compared.
    Definitions,
    /// The database is dropped.
    Drop,
}

/// The time of each step, and the beginning of the current one.
#[derive(Debug, Default)]
struct Steps {
    took: [Duration; 5],
    current: Option<(Step, Instant)>,
}

impl Steps {
    fn end(&mut self) {
        if let Some((step, begun)) = self.current.take() {
            self.took[step as usize] += begun.elapsed();
        }
    }
}

impl Progress {
    /// Tables that an export reads; 0 until their number is known.
    pub fn tables(&self) -> u64 {
        self.tables.load(Ordering::Relaxed)
    }

    /// Tables that are complete.
    pub fn tables_done(&self) -> u64 {
        self.tables_done.load(Ordering::Relaxed)
    }

    /// Rows of these tables.
    pub fn rows(&self) -> u64 {
        self.rows.load(Ordering::Relaxed)
    }

    /// Bytes of COPY text of all tables, or of stored files.
    pub fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    /// The bytes that an export reads, estimated by the tables' size in the server.
    pub fn estimated_bytes(&self) -> u64 {
        self.estimated_bytes.load(Ordering::Relaxed)
    }

    pub(super) fn expect(&self, tables: u64, estimated_bytes: u64) {
        self.tables.store(tables, Ordering::Relaxed);
        self.estimated_bytes
            .store(estimated_bytes, Ordering::Relaxed);
    }

    pub(super) fn add_bytes(&self, bytes: u64) {
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    /// A table of this many rows is complete.
    pub(super) fn add_table(&self, rows: u64) {
        self.tables_done.fetch_add(1, Ordering::Relaxed);
        self.rows.fetch_add(rows, Ordering::Relaxed);
    }

    /// Ends the current step, and begins this one. A step may begin again: its times are added.
    pub(super) fn begin(&self, step: Step) {
        let mut steps = self.steps.lock().unwrap_or_else(PoisonError::into_inner);
        steps.end();
        steps.current = Some((step, Instant::now()));
    }

    /// Ends the current step. Returns how long each took.
    pub(super) fn end(&self) -> impl Fn(Step) -> Duration + use<> {
        let mut steps = self.steps.lock().unwrap_or_else(PoisonError::into_inner);
        steps.end();
        let took = steps.took;
        move |step| took[step as usize]
    }

    /// An export that starts over counts from the beginning.
    pub(super) fn reset(&self) {
        for count in [
            &self.tables,
            &self.tables_done,
            &self.rows,
            &self.bytes,
            &self.estimated_bytes,
        ] {
            count.store(0, Ordering::Relaxed);
        }
    }
}
