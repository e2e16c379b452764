//! Counters of creations and listings, for metrics.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::telemetry::{Bounds, Distribution, Histogram};

/// Bounds for the number of creations in one statement.
pub const BATCHES: Bounds = [1, 2, 3, 4, 6, 8, 12, 16, 32, 64, 128, 256, 384, 512];

static CREATED: AtomicU64 = AtomicU64::new(0);
static STATEMENTS: Histogram = Histogram::new();

#[derive(Clone, Debug)]
pub struct ItemCounts {
    pub created: u64,
    /// Creations in each statement, between the bounds of [`BATCHES`].
    pub batches: Distribution,
    /// Creations that wait for a statement.
    pub waiting: usize,
    /// Whole listings that are open.
    pub open_streams: usize,
}

impl ItemCounts {
    pub(super) fn read(waiting: usize, open_streams: usize) -> ItemCounts {
        ItemCounts {
            created: CREATED.load(Ordering::Relaxed),
            batches: STATEMENTS.read(),
            waiting,
            open_streams,
        }
    }
}

/// Counts a statement for some creations, of which it made some.
pub(super) fn record_statement(creations: usize, created: usize) {
    STATEMENTS.record(&BATCHES, creations as u64);
    CREATED.fetch_add(created as u64, Ordering::Relaxed);
}

/// Counts a creation outside of such a statement.
pub(super) fn record_creation() {
    CREATED.fetch_add(1, Ordering::Relaxed);
}
