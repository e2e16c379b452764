//! A pool of buffers for members.
//!
//! A member passes from thread to thread. An allocator keeps the memory that one thread allocates and
//! another frees, in each thread and for a while, which is several times the memory in use.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::compression::{Compression, Compressor, MEMBER};

/// The buffers and compressors of all tables that are packed at the same time: as many as are in use at once.
#[derive(Clone)]
pub struct BufferPool(Arc<Shared>);

struct Shared {
    compression: Compression,
    /// Free ones: for the text of a member, and for the compressed member.
    buffers: Mutex<Vec<[Vec<u8>; 2]>>,
    /// One for each thread that compresses. A high level takes megabytes for each.
    compressors: Mutex<Vec<Compressor>>,
}

/// The buffers of one member, some 520 KiB. Dropping the lease frees them.
pub(super) struct Lease {
    /// The text of the member, at most [`MEMBER`] bytes.
    pub(super) text: Vec<u8>,
    /// Space for the longest member.
    space: Vec<u8>,
    /// The length of the member in it.
    length: usize,
    pool: BufferPool,
}

impl BufferPool {
    /// Its members are compressed like this.
    pub fn new(compression: Compression) -> BufferPool {
        BufferPool(Arc::new(Shared {
            compression,
            buffers: Mutex::default(),
            compressors: Mutex::default(),
        }))
    }

    pub(super) fn lease(&self) -> Lease {
        let free = locked(&self.0.buffers).pop();
        // A buffer that grows would fragment the memory.
        let [text, space] = free.unwrap_or_else(|| [Vec::with_capacity(MEMBER), Vec::new()]);
        Lease {
            text,
            space,
            length: 0,
            pool: self.clone(),
        }
    }
}

impl Lease {
    /// Compresses the text.
    pub(super) fn compress(&mut self) {
        let shared = &self.pool.0;
        let free = locked(&shared.compressors).pop();
        let mut compressor = free.unwrap_or_else(|| Compressor::new(shared.compression));
        self.length = compressor.compress(&self.text, &mut self.space);
        locked(&shared.compressors).push(compressor);
    }

    /// The compressed text.
    pub(super) fn packed(&self) -> &[u8] {
        &self.space[..self.length]
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let [mut text, space] = [&mut self.text, &mut self.space].map(std::mem::take);
        text.clear();
        locked(&self.pool.0.buffers).push([text, space]);
    }
}

fn locked<T>(list: &Mutex<Vec<T>>) -> MutexGuard<'_, Vec<T>> {
    list.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn freed_buffers_are_empty_and_are_leased_again() {
        let pool = BufferPool::new(Compression::default());
        let (mut one, other) = (pool.lease(), pool.lease());
        one.text.extend_from_slice(b"text");
        let place = one.text.as_ptr();
        drop(one);
        let again = pool.lease();
        assert_eq!((again.text.as_ptr(), again.text.len()), (place, 0));
        drop((again, other));
        assert_eq!(locked(&pool.0.buffers).len(), 2);
    }
}
