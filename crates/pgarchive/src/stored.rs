//! A file as it comes from the store, hashed on the way to whoever decrypts and decompresses it.

use std::io::{self, Read};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use age::DecryptError;
use age::stream::StreamReader;

use super::damage::{Difference, UnpackError, damaged};
use crate::digest::Digest;
use crate::encryption::Identities;
use crate::manifest::File;

/// How much is read at once where only the hash is wanted?
const PIECE: usize = 64 * 1024;

/// A file that is read through layers which do not give it back: it is held from both ends.
pub(super) struct Stored<R>(Arc<Mutex<Arriving<R>>>);

struct Arriving<R> {
    reader: R,
    digest: Digest,
    /// The length that it should have. Nothing is read far beyond it.
    expected: u64,
    /// Why the reader failed. The layers above would wrap it in words of theirs.
    failure: Option<io::Error>,
}

impl<R> Clone for Stored<R> {
    fn clone(&self) -> Stored<R> {
        Stored(Arc::clone(&self.0))
    }
}

impl<R> Stored<R> {
    fn arriving(&self) -> MutexGuard<'_, Arriving<R>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<R: Read> Stored<R> {
    pub(super) fn new(reader: R, expected: u64) -> Stored<R> {
        Stored(Arc::new(Mutex::new(Arriving {
            reader,
            digest: Digest::default(),
            expected,
            failure: None,
        })))
    }

    /// Reads what is left of it and compares the whole with what was stored.
    pub(super) fn check(&self, file: &File) -> Result<(), UnpackError> {
        let mut arriving = self.arriving();
        arriving.drain().map_err(|source| UnpackError::Read {
            file: file.name.clone(),
            source,
        })?;
        let (found, expected) = (arriving.digest.bytes(), file.stored_bytes);
        let found_sha256 = arriving.digest.sha256();
        let difference = if found > expected {
            Difference::Long { expected }
        } else if found < expected {
            Difference::Short { expected, found }
        } else if found_sha256 != file.stored_sha256 {
            Difference::Stored {
                expected: file.stored_sha256.clone(),
                found: found_sha256,
            }
        } else {
            return Ok(());
        };
        Err(damaged(file, difference))
    }
}

impl<R: Read> Arriving<R> {
    fn drain(&mut self) -> io::Result<()> {
        let mut piece = vec![0; PIECE];
        loop {
            if let Some(failure) = self.failure.take() {
                return Err(failure);
            }
            // A failure is in its place by now, and an interruption is none.
            if matches!(self.read(&mut piece), Ok(0)) {
                return Ok(());
            }
        }
    }

    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.digest.bytes() > self.expected {
            return Ok(0);
        }
        match self.reader.read(buffer) {
            Ok(length) => {
                self.digest.update(&buffer[..length]);
                Ok(length)
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Err(error),
            Err(error) => {
                self.failure = Some(error);
                Err(io::Error::other("the file could not be read"))
            }
        }
    }
}

impl<R: Read> Read for Stored<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.arriving().read(buffer)
    }
}

/// What was stored, decrypted where that is needed.
pub(super) enum Opened<R: Read> {
    Plain(Stored<R>),
    Encrypted(Box<StreamReader<Stored<R>>>),
}

impl<R: Read> Opened<R> {
    pub(super) fn new(
        stored: Stored<R>,
        identities: Option<&Identities>,
    ) -> Result<Opened<R>, DecryptError> {
        Ok(match identities {
            None => Opened::Plain(stored),
            Some(identities) => Opened::Encrypted(Box::new(identities.decrypt(stored)?)),
        })
    }
}

impl<R: Read> Read for Opened<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Opened::Plain(stored) => stored.read(buffer),
            Opened::Encrypted(reader) => reader.read(buffer),
        }
    }
}
