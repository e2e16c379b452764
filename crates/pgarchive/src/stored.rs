//! A file as it comes from the store, hashed before it is decrypted and decompressed.

use std::io::{self, Read};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use age::DecryptError;
use age::stream::StreamReader;

use super::damage::{Difference, UnpackError, damaged};
use crate::digest::Digest;
use crate::encryption::Identities;
use crate::manifest::File;

/// Bytes that are read at once where only the hash is needed.
const PIECE: usize = 64 * 1024;

/// A file that is read through layers that do not return it. A clone at the other end checks it.
pub(super) struct Stored<R>(Arc<Mutex<Arriving<R>>>);

struct Arriving<R> {
    reader: R,
    digest: Digest,
    /// Its length by the manifest. Reading stops soon after it.
    expected: u64,
    /// The first error of the reader. The layers above would wrap it.
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

    /// Reads the rest of the file and compares all of it with the manifest.
    pub(super) fn check(&self, file: &File) -> Result<(), UnpackError> {
        let mut arriving = self.arriving();
        arriving.drain().map_err(|source| UnpackError::Read {
            file: file.name.clone(),
            source,
        })?;
        match Difference::of_stored(&arriving.digest, file) {
            None => Ok(()),
            Some(difference) => Err(damaged(file, difference)),
        }
    }
}

impl<R: Read> Arriving<R> {
    fn drain(&mut self) -> io::Result<()> {
        let mut piece = vec![0; PIECE];
        loop {
            if let Some(failure) = self.failure.take() {
                return Err(failure);
            }
            // `read` has kept a failure in its field; an interruption is not a failure.
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

/// A stored file, decrypted if it is encrypted.
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
