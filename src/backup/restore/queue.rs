//! Work that several sessions share.

use std::sync::atomic::{AtomicUsize, Ordering};

/// Work that several sessions share: each takes the next piece when it is free.
pub(super) struct Queue<'a, T> {
    work: &'a [T],
    taken: AtomicUsize,
}

impl<'a, T> Queue<'a, T> {
    pub(super) fn new(work: &'a [T]) -> Queue<'a, T> {
        Queue {
            work,
            taken: AtomicUsize::new(0),
        }
    }

    pub(super) fn next(&self) -> Option<&'a T> {
        self.work.get(self.taken.fetch_add(1, Ordering::Relaxed))
    }
}
