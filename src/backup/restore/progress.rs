//! How far a restore has come, for whoever draws it.

use std::sync::atomic::{AtomicU64, Ordering};

/// How far a restore has come. It is written by the restore and may be read at any time.
#[derive(Debug, Default)]
pub struct Progress {
    loaded_bytes: AtomicU64,
    loaded_rows: AtomicU64,
}

impl Progress {
    /// Bytes of COPY text that the server was sent.
    pub fn loaded_bytes(&self) -> u64 {
        self.loaded_bytes.load(Ordering::Relaxed)
    }

    /// Rows of the tables that are loaded whole.
    pub fn loaded_rows(&self) -> u64 {
        self.loaded_rows.load(Ordering::Relaxed)
    }

    pub(super) fn sent(&self, bytes: usize) {
        let bytes = u64::try_from(bytes).expect("a length fits 64 bits");
        self.loaded_bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(super) fn loaded(&self, rows: u64) {
        self.loaded_rows.fetch_add(rows, Ordering::Relaxed);
    }
}
