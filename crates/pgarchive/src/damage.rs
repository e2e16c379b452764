//! The damages that a stored file can have.

use std::io;

use thiserror::Error;

use crate::digest::Digest;
use crate::manifest::File;
use crate::row_sum::RowSum;

/// Why a file was not unpacked.
#[derive(Debug, Error)]
pub enum UnpackError {
    /// The file may be intact: it was not read to its end.
    #[error("{file} could not be read to its end ({source}); try again")]
    Read { file: String, source: io::Error },
    #[error(
        "{file} is damaged: {difference}; restore another backup, and keep this one to find out why"
    )]
    Damaged {
        file: String,
        difference: Difference,
    },
    /// The file is intact, and these identities do not open it.
    #[error(
        "{file} is encrypted, and not to these identities; give the identity file of one of its recipients"
    )]
    Locked { file: String },
}

/// How a file differs from its manifest.
#[derive(Debug, PartialEq, Eq, Error)]
pub enum Difference {
    #[error("it ends after {found} of {expected} bytes")]
    Short { expected: u64, found: u64 },
    #[error("it continues after the {expected} bytes that were stored")]
    Long { expected: u64 },
    #[error("its SHA-256 is {found}, and {expected} was stored")]
    Stored { expected: String, found: String },
    /// The stored bytes are those of the manifest, and were wrong when they were stored.
    #[error("it cannot be decrypted or decompressed ({0}), although it is what was stored")]
    Unreadable(String),
    /// Reading ends as soon as the content is too long, so there may be more than `found`.
    #[error("{found} bytes of content were read, and it should be {expected}")]
    ContentLength { expected: u64, found: u64 },
    #[error("the SHA-256 of its content is {found}, and should be {expected}")]
    Content { expected: String, found: String },
    #[error("its text does not end as that of a COPY does")]
    End,
    #[error("it has {found} rows, and should have {expected}")]
    Rows { expected: u64, found: u64 },
    #[error("the sum of its rows is {found}, and should be {expected}")]
    RowSum { expected: String, found: RowSum },
}

impl Difference {
    /// Compares the bytes of a stored file with the manifest.
    pub fn of_stored(read: &Digest, file: &File) -> Option<Difference> {
        let (found, expected) = (read.bytes(), file.stored_bytes);
        if found > expected {
            return Some(Difference::Long { expected });
        }
        if found < expected {
            return Some(Difference::Short { expected, found });
        }
        let (found, expected) = (read.sha256(), &file.stored_sha256);
        (found != *expected).then(|| Difference::Stored {
            expected: expected.clone(),
            found,
        })
    }

    /// Compares what is in a file, decrypted and decompressed, with the manifest.
    pub(super) fn of_content(read: &Digest, file: &File) -> Option<Difference> {
        if read.bytes() != file.content_bytes {
            return Some(Difference::length_of_content(read, file));
        }
        let (found, expected) = (read.sha256(), &file.content_sha256);
        (found != *expected).then(|| Difference::Content {
            expected: expected.clone(),
            found,
        })
    }

    pub(super) fn length_of_content(read: &Digest, file: &File) -> Difference {
        Difference::ContentLength {
            expected: file.content_bytes,
            found: read.bytes(),
        }
    }
}

pub(super) fn damaged(file: &File, difference: Difference) -> UnpackError {
    UnpackError::Damaged {
        file: file.name.clone(),
        difference,
    }
}
