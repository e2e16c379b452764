//! A stored file back into what was packed, with every claim of its manifest checked.

use std::io::{self, Read};

use flate2::read::MultiGzDecoder;

use super::END;
use super::damage::{Difference, UnpackError, damaged};
use super::stored::{Opened, Stored};
use crate::digest::Digest;
use crate::encryption::Identities;
use crate::manifest::{File, Table};
use crate::row_sum::Rows;

/// How much text is handed on at once, at most?
const PIECE: usize = 256 * 1024;

/// One table's rows, piece by piece. It takes less than a MiB, whatever the rows.
pub struct Unpacker<R: Read> {
    file: File,
    rows_expected: u64,
    row_sum_expected: String,
    stored: Stored<R>,
    content: MultiGzDecoder<Opened<R>>,
    digest: Digest,
    rows: Rows,
    piece: Vec<u8>,
    /// What has come of the end mark.
    end: Vec<u8>,
    complete: bool,
}

impl<R: Read> Unpacker<R> {
    /// Opens the file of a table; `identities` are what [`Identities::opening`] answers.
    pub fn new(
        stored: R,
        file: &File,
        table: &Table,
        identities: Option<&Identities>,
    ) -> Result<Unpacker<R>, UnpackError> {
        let stored = Stored::new(stored, file.stored_bytes);
        let opened = open(&stored, file, identities)?;
        Ok(Unpacker {
            file: file.clone(),
            rows_expected: table.rows,
            row_sum_expected: table.row_sum.clone(),
            stored,
            content: MultiGzDecoder::new(opened),
            digest: Digest::default(),
            rows: Rows::default(),
            piece: vec![0; PIECE],
            end: Vec::new(),
            complete: false,
        })
    }

    /// The next piece of COPY text, cut anywhere and without the end mark. `None` says that it
    /// was all and that everything is as it should be: what came before is not to be relied on
    /// until then.
    pub fn text(&mut self) -> Result<Option<&[u8]>, UnpackError> {
        while !self.complete {
            let length = self.read()?;
            if length == 0 {
                self.check()?;
                self.complete = true;
                break;
            }
            let text = self.take(length)?;
            if text > 0 {
                return Ok(Some(&self.piece[..text]));
            }
        }
        Ok(None)
    }

    fn read(&mut self) -> Result<usize, UnpackError> {
        loop {
            match self.content.read(&mut self.piece) {
                Ok(length) => return Ok(length),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(self.fault(Difference::Unreadable(error.to_string()))),
            }
        }
    }

    /// Counts and sums what was read, and answers how much of it is text.
    fn take(&mut self, length: usize) -> Result<usize, UnpackError> {
        let piece = &self.piece[..length];
        let text_bytes = self.file.content_bytes.saturating_sub(END.len() as u64);
        let text_left = text_bytes.saturating_sub(self.digest.bytes());
        let text = usize::try_from(text_left).map_or(length, |left| left.min(length));
        self.digest.update(piece);
        if self.digest.bytes() > self.file.content_bytes {
            return Err(self.fault(self.content_length()));
        }
        self.rows.text(&piece[..text]);
        self.end.extend_from_slice(&piece[text..]);
        Ok(text)
    }

    /// Compares what has come with what should have.
    fn check(&mut self) -> Result<(), UnpackError> {
        self.stored.check(&self.file)?;
        let (rows, row_sum) = std::mem::take(&mut self.rows).finish();
        let content_sha256 = self.digest.sha256();
        let difference = if self.digest.bytes() != self.file.content_bytes {
            self.content_length()
        } else if content_sha256 != self.file.content_sha256 {
            Difference::Content {
                expected: self.file.content_sha256.clone(),
                found: content_sha256,
            }
        } else if self.end != END {
            Difference::End
        } else if rows != self.rows_expected {
            Difference::Rows {
                expected: self.rows_expected,
                found: rows,
            }
        } else if row_sum.to_string() != self.row_sum_expected {
            Difference::RowSum {
                expected: self.row_sum_expected.clone(),
                found: row_sum,
            }
        } else {
            return Ok(());
        };
        Err(damaged(&self.file, difference))
    }

    fn content_length(&self) -> Difference {
        Difference::ContentLength {
            expected: self.file.content_bytes,
            found: self.digest.bytes(),
        }
    }

    /// The error to report where something is wrong with the content: what is wrong with the
    /// file as stored, if anything is, for that is the cause.
    fn fault(&self, suspicion: Difference) -> UnpackError {
        match self.stored.check(&self.file) {
            Err(cause) => cause,
            Ok(()) => damaged(&self.file, suspicion),
        }
    }
}

/// Unpacks what [`pack_small`](super::pack_small) packed.
pub fn unpack_small(
    stored: &[u8],
    file: &File,
    identities: Option<&Identities>,
) -> Result<Vec<u8>, UnpackError> {
    check_stored(stored, file)?;
    let opened = open(&Stored::new(stored, file.stored_bytes), file, identities)?;
    let mut content = Vec::new();
    opened
        .take(file.content_bytes.saturating_add(1))
        .read_to_end(&mut content)
        .map_err(|error| damaged(file, Difference::Unreadable(error.to_string())))?;
    let digest = Digest::of(&content);
    let difference = if digest.bytes() != file.content_bytes {
        Difference::ContentLength {
            expected: file.content_bytes,
            found: digest.bytes(),
        }
    } else if digest.sha256() != file.content_sha256 {
        Difference::Content {
            expected: file.content_sha256.clone(),
            found: digest.sha256(),
        }
    } else {
        return Ok(content);
    };
    Err(damaged(file, difference))
}

/// Reads a file to its end and compares it with what was stored. That needs no identity.
fn check_stored(stored: impl Read, file: &File) -> Result<(), UnpackError> {
    Stored::new(stored, file.stored_bytes).check(file)
}

fn open<R: Read>(
    stored: &Stored<R>,
    file: &File,
    identities: Option<&Identities>,
) -> Result<Opened<R>, UnpackError> {
    Opened::new(stored.clone(), identities).map_err(|error| match stored.check(file) {
        Err(cause) => cause,
        Ok(()) if matches!(error, age::DecryptError::NoMatchingKeys) => UnpackError::Locked {
            file: file.name.clone(),
        },
        Ok(()) => damaged(file, Difference::Unreadable(error.to_string())),
    })
}

#[cfg(test)]
mod tests;
