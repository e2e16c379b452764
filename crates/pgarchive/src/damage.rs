//! What can be wrong with a stored file.

use std::io;

use thiserror::Error;

use crate::manifest::File;
use crate::row_sum::RowSum;

/// A file that is not what its manifest says.
#[derive(Debug, Error)]
pub enum UnpackError {
    /// It did not arrive. Nothing is said about what it would have been.
    #[error("{file} could not be read to its end ({source}); try again")]
    Read {
        /// Its name.
        file: String,
        /// Why.
        source: io::Error,
    },
    /// It arrived, and as something else.
    #[error(
        "{file} is damaged: {difference}; restore another backup, and keep this one to find out why"
    )]
    Damaged {
        /// Its name.
        file: String,
        /// What is wrong with it.
        difference: Difference,
    },
    /// It is as it was stored, and these identities do not open it.
    #[error(
        "{file} is encrypted, and not to these identities; give the identity file of one of its recipients"
    )]
    Locked {
        /// Its name.
        file: String,
    },
}

/// How a file differs from what its manifest says.
#[derive(Debug, PartialEq, Eq, Error)]
pub enum Difference {
    /// It is shorter than what was stored.
    #[error("it ends after {found} of {expected} bytes")]
    Short {
        /// What was stored.
        expected: u64,
        /// What is there.
        found: u64,
    },
    /// It is longer than what was stored.
    #[error("it goes on after the {expected} bytes that were stored")]
    Long {
        /// What was stored.
        expected: u64,
    },
    /// It has the length of what was stored, and is something else.
    #[error("its SHA-256 is {found}, and {expected} was stored")]
    Stored {
        /// What was stored.
        expected: String,
        /// What is there.
        found: String,
    },
    /// It is what was stored, and that was no good.
    #[error("it cannot be decrypted or decompressed ({0}), although it is what was stored")]
    Unreadable(String),
    /// Its content has another length.
    #[error("{found} bytes of content were read, and it should be {expected}")]
    ContentLength {
        /// What was packed.
        expected: u64,
        /// How much there was when that was clear.
        found: u64,
    },
    /// Its content is another.
    #[error("the SHA-256 of its content is {found}, and should be {expected}")]
    Content {
        /// What was packed.
        expected: String,
        /// What is there.
        found: String,
    },
    /// The text has no end mark.
    #[error("its text does not end as that of a COPY does")]
    End,
    /// There are more rows, or fewer.
    #[error("it has {found} rows, and should have {expected}")]
    Rows {
        /// What was packed.
        expected: u64,
        /// What is there.
        found: u64,
    },
    /// There are as many rows, and others.
    #[error("the sum of its rows is {found}, and should be {expected}")]
    RowSum {
        /// What was packed.
        expected: String,
        /// What is there.
        found: RowSum,
    },
}

pub(super) fn damaged(file: &File, difference: Difference) -> UnpackError {
    UnpackError::Damaged {
        file: file.name.clone(),
        difference,
    }
}
