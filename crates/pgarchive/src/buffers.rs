//! A pool of buffers for members.
//!
//! A member passes from thread to thread. An allocator keeps the memory that one thread allocates and
//! another frees, in each thread and for a while, which is several times the memory in use.

use std::ops::{Deref, DerefMut};
use std::sync::{Arc, Mutex, PoisonError};

use libdeflater::{CompressionLvl, Compressor};

use super::LEVEL;

/// The text of one gzip member, in bytes. Members of this size add less than a hundredth to the file; larger
/// ones are not faster, and several are in memory at once.
pub(super) const MEMBER: usize = 256 * 1024;

/// The buffers of all tables that are packed at the same time: as many as are in use at once.
#[derive(Clone, Default)]
pub struct BufferPool(Arc<Mutex<Vec<Buffers>>>);

/// The buffers of one member: some 700 KiB.
pub(super) struct Buffers {
    /// Its text, at most [`MEMBER`] bytes.
    pub(super) text: Vec<u8>,
    compressor: Compressor,
    /// Space for the longest gzip member of a text of [`MEMBER`] bytes.
    gzip: Vec<u8>,
}

/// Buffers in use. Dropping the lease frees them.
pub(super) struct Lease {
    /// `Some` until the lease is dropped.
    buffers: Option<Buffers>,
    pool: BufferPool,
}

impl BufferPool {
    pub(super) fn lease(&self) -> Lease {
        Lease {
            buffers: Some(self.free().pop().unwrap_or_else(Buffers::new)),
            pool: self.clone(),
        }
    }

    fn free(&self) -> std::sync::MutexGuard<'_, Vec<Buffers>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Buffers {
    fn new() -> Buffers {
        let level = CompressionLvl::new(LEVEL).expect("libdeflate has levels 0 to 12");
        let mut compressor = Compressor::new(level);
        Buffers {
            text: Vec::with_capacity(MEMBER),
            gzip: vec![0; compressor.gzip_compress_bound(MEMBER)],
            compressor,
        }
    }

    /// Compresses the text. Returns the length of the gzip member.
    pub(super) fn compress(&mut self) -> usize {
        let length = self.compressor.gzip_compress(&self.text, &mut self.gzip);
        length.expect("there is space for the longest gzip member")
    }

    /// The gzip member of this length.
    pub(super) fn gzip(&self, length: usize) -> &[u8] {
        &self.gzip[..length]
    }
}

impl Deref for Lease {
    type Target = Buffers;

    fn deref(&self) -> &Buffers {
        self.buffers.as_ref().expect("it was not dropped")
    }
}

impl DerefMut for Lease {
    fn deref_mut(&mut self) -> &mut Buffers {
        self.buffers.as_mut().expect("it was not dropped")
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if let Some(mut buffers) = self.buffers.take() {
            buffers.text.clear();
            self.pool.free().push(buffers);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn freed_buffers_are_empty_and_are_leased_again() {
        let pool = BufferPool::default();
        let (mut one, other) = (pool.lease(), pool.lease());
        one.text.extend_from_slice(b"text");
        let place = one.text.as_ptr();
        drop(one);
        let again = pool.lease();
        assert_eq!((again.text.as_ptr(), again.text.len()), (place, 0));
        drop((again, other));
        assert_eq!(pool.free().len(), 2);
    }
}
