//! Room for members on their way, used again and again.
//!
//! A member passes from thread to thread. An allocator keeps what one thread takes and another gives
//! back, for each of them and for a while, which comes to several times what is in use.

use std::ops::{Deref, DerefMut};
use std::sync::{Arc, Mutex, PoisonError};

use libdeflater::{CompressionLvl, Compressor};

use super::LEVEL;

/// How much text is in a gzip member? They cost less than a hundredth in size; larger ones are no
/// faster, and several are in memory at once.
pub(super) const MEMBER: usize = 256 * 1024;

/// The rooms of all tables that are packed at a time: as many as are in use at once, and no more.
#[derive(Clone, Default)]
pub struct Rooms(Arc<Mutex<Vec<Room>>>);

/// What one member needs: some 700 KiB.
pub(super) struct Room {
    /// Its text, which is never longer than [`MEMBER`].
    pub(super) text: Vec<u8>,
    compressor: Compressor,
    /// Space for the longest gzip member that can come of it.
    gzip: Vec<u8>,
}

/// A room in use. Dropped, it is free again.
pub(super) struct Lease {
    /// There until it is dropped.
    room: Option<Room>,
    rooms: Rooms,
}

impl Rooms {
    /// An empty room.
    pub(super) fn lease(&self) -> Lease {
        Lease {
            room: Some(self.free().pop().unwrap_or_else(Room::new)),
            rooms: self.clone(),
        }
    }

    fn free(&self) -> std::sync::MutexGuard<'_, Vec<Room>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Room {
    fn new() -> Room {
        let level = CompressionLvl::new(LEVEL).expect("libdeflate has levels 0 to 12");
        let mut compressor = Compressor::new(level);
        Room {
            text: Vec::with_capacity(MEMBER),
            gzip: vec![0; compressor.gzip_compress_bound(MEMBER)],
            compressor,
        }
    }

    /// Compresses the text, and answers how long the gzip member is.
    pub(super) fn compress(&mut self) -> usize {
        let length = self.compressor.gzip_compress(&self.text, &mut self.gzip);
        length.expect("there is space for the longest that there can be")
    }

    /// So much of the gzip member.
    pub(super) fn gzip(&self, length: usize) -> &[u8] {
        &self.gzip[..length]
    }
}

impl Deref for Lease {
    type Target = Room;

    fn deref(&self) -> &Room {
        self.room.as_ref().expect("it was not dropped")
    }
}

impl DerefMut for Lease {
    fn deref_mut(&mut self) -> &mut Room {
        self.room.as_mut().expect("it was not dropped")
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if let Some(mut room) = self.room.take() {
            room.text.clear();
            self.rooms.free().push(room);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_room_that_is_free_again_is_empty_and_used_before_a_new_one() {
        let rooms = Rooms::default();
        let (mut one, other) = (rooms.lease(), rooms.lease());
        one.text.extend_from_slice(b"text");
        let place = one.text.as_ptr();
        drop(one);
        let again = rooms.lease();
        assert_eq!((again.text.as_ptr(), again.text.len()), (place, 0));
        drop((again, other));
        assert_eq!(rooms.free().len(), 2);
    }
}
