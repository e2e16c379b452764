//! How far a restore has come, for whoever draws it.

use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};

/// How far a restore has come. It is written by the restore and may be read at any time.
#[derive(Debug, Default)]
pub struct Progress {
    stage: AtomicU8,
    loaded_bytes: AtomicU64,
    loaded_rows: AtomicU64,
    verified_rows: AtomicU64,
}

/// What a restore is at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Stage {
    /// Reading the backup's files against its manifest.
    #[default]
    Checking,
    /// Making tables and loading their rows.
    Loading,
    /// Keys, indexes, and what else comes after the rows.
    Finishing,
    /// Reading the rows back.
    Verifying,
    /// Giving the database its name.
    Renaming,
}

impl Progress {
    /// What it is at.
    pub fn stage(&self) -> Stage {
        const STAGES: [Stage; 5] = [
            Stage::Checking,
            Stage::Loading,
            Stage::Finishing,
            Stage::Verifying,
            Stage::Renaming,
        ];
        STAGES[usize::from(self.stage.load(Ordering::Relaxed))]
    }

    /// Bytes of COPY text that the server was sent.
    pub fn loaded_bytes(&self) -> u64 {
        self.loaded_bytes.load(Ordering::Relaxed)
    }

    /// Rows of the tables that are loaded whole.
    pub fn loaded_rows(&self) -> u64 {
        self.loaded_rows.load(Ordering::Relaxed)
    }

    /// Rows that were read back.
    pub fn verified_rows(&self) -> u64 {
        self.verified_rows.load(Ordering::Relaxed)
    }

    pub(super) fn enter(&self, stage: Stage) {
        self.stage.store(stage as u8, Ordering::Relaxed);
    }

    pub(super) fn sent(&self, bytes: usize) {
        let bytes = u64::try_from(bytes).expect("a length fits 64 bits");
        self.loaded_bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(super) fn loaded(&self, rows: u64) {
        self.loaded_rows.fetch_add(rows, Ordering::Relaxed);
    }

    pub(super) fn verified(&self, rows: u64) {
        self.verified_rows.fetch_add(rows, Ordering::Relaxed);
    }
}
