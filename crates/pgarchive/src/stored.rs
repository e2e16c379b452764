//! A file as it comes from the store, hashed before it is decrypted and decompressed.

use std::cell::RefCell;
use std::io::{self, Read};
use std::rc::Rc;

use super::damage::{Difference, UnpackError, damaged};
use crate::digest::Digest;
use crate::manifest::File;

/// Bytes that are read at once where only the hash is needed.
const PIECE: usize = 64 * 1024;

/// A file that is read through layers that do not return it. A clone at the other end checks it.
#[derive(Clone)]
pub(super) struct Stored<'a>(Rc<RefCell<Arriving<'a>>>);

struct Arriving<'a> {
    reader: Box<dyn Read + 'a>,
    digest: Digest,
    /// Its length by the manifest. Reading stops soon after it.
    expected: u64,
    /// The first error of the reader. The layers above would wrap it.
    failure: Option<io::Error>,
}

impl<'a> Stored<'a> {
    pub(super) fn new(reader: impl Read + 'a, expected: u64) -> Stored<'a> {
        Stored(Rc::new(RefCell::new(Arriving {
            reader: Box::new(reader),
            digest: Digest::default(),
            expected,
            failure: None,
        })))
    }

    /// Reads the rest of the file and compares all of it with the manifest.
    pub(super) fn check(&self, file: &File) -> Result<(), UnpackError> {
        let mut arriving = self.0.borrow_mut();
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

impl Arriving<'_> {
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

impl Read for Stored<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.borrow_mut().read(buffer)
    }
}
