//! A stored file back into its content, with every claim of its manifest checked.

use std::io::{self, Read};

use super::END;
use super::compression::{Algorithm, decompressed};
use super::damage::{Difference, UnpackError, damaged};
use super::stored::Stored;
use crate::digest::Digest;
use crate::encryption::Identities;
use crate::manifest::{File, Table};
use crate::row_sum::Rows;

/// The longest piece of text, in bytes.
const PIECE: usize = 256 * 1024;

/// One table's rows, piece by piece. It takes less than a MiB, whatever the rows.
pub struct Unpacker<'a> {
    file: File,
    rows_expected: u64,
    row_sum_expected: String,
    stored: Stored<'a>,
    content: Box<dyn Read + 'a>,
    digest: Digest,
    rows: Rows,
    piece: Vec<u8>,
    /// The bytes after the text, which should be the end mark.
    end: Vec<u8>,
    complete: bool,
}

impl<'a> Unpacker<'a> {
    /// Opens the file of a table; `identities` are the result of [`Identities::opening`].
    pub fn new(
        stored: impl Read + 'a,
        file: &File,
        table: &Table,
        identities: Option<&Identities>,
    ) -> Result<Unpacker<'a>, UnpackError> {
        let stored = Stored::new(stored, file.stored_bytes);
        let opened = open(&stored, file, identities)?;
        Ok(Unpacker {
            file: file.clone(),
            rows_expected: table.rows,
            row_sum_expected: table.row_sum.clone(),
            stored,
            content: decompressed(Algorithm::of_file(&file.name), opened),
            digest: Digest::default(),
            rows: Rows::default(),
            piece: vec![0; PIECE],
            end: Vec::new(),
            complete: false,
        })
    }

    /// The next piece of COPY text, cut anywhere and without the end mark. `None` comes after the last
    /// piece, and only if every check passed: until then, the pieces are not proved.
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

    /// Counts and sums what was read. Returns the length of the text in it.
    fn take(&mut self, length: usize) -> Result<usize, UnpackError> {
        let piece = &self.piece[..length];
        let text_bytes = self.file.content_bytes.saturating_sub(END.len() as u64);
        let text_left = text_bytes.saturating_sub(self.digest.bytes());
        let text = usize::try_from(text_left).map_or(length, |left| left.min(length));
        self.digest.update(piece);
        if self.digest.bytes() > self.file.content_bytes {
            let length = Difference::length_of_content(&self.digest, &self.file);
            return Err(self.fault(length));
        }
        self.rows.text(&piece[..text]);
        self.end.extend_from_slice(&piece[text..]);
        Ok(text)
    }

    /// Compares everything that was read with the manifest.
    fn check(&mut self) -> Result<(), UnpackError> {
        self.stored.check(&self.file)?;
        let (rows, row_sum) = std::mem::take(&mut self.rows).finish();
        let of_content = Difference::of_content(&self.digest, &self.file);
        let difference = if let Some(of_content) = of_content {
            of_content
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

    /// The error to report for wrong content. A damage of the stored file is its cause, and is reported
    /// instead.
    fn fault(&self, suspicion: Difference) -> UnpackError {
        match self.stored.check(&self.file) {
            Err(cause) => cause,
            Ok(()) => damaged(&self.file, suspicion),
        }
    }
}

/// The reverse of [`pack_small`](super::pack_small).
pub fn unpack_small(
    stored: &[u8],
    file: &File,
    identities: Option<&Identities>,
) -> Result<Vec<u8>, UnpackError> {
    Stored::new(stored, file.stored_bytes).check(file)?;
    let opened = open(&Stored::new(stored, file.stored_bytes), file, identities)?;
    let mut content = Vec::new();
    opened
        .take(file.content_bytes.saturating_add(1))
        .read_to_end(&mut content)
        .map_err(|error| damaged(file, Difference::Unreadable(error.to_string())))?;
    match Difference::of_content(&Digest::of(&content), file) {
        None => Ok(content),
        Some(difference) => Err(damaged(file, difference)),
    }
}

/// The content of a stored file, decrypted if it is encrypted.
fn open<'a>(
    stored: &Stored<'a>,
    file: &File,
    identities: Option<&Identities>,
) -> Result<Box<dyn Read + 'a>, UnpackError> {
    let Some(identities) = identities else {
        return Ok(Box::new(stored.clone()));
    };
    match identities.decrypt(stored.clone()) {
        Ok(content) => Ok(Box::new(content)),
        Err(error) => Err(match stored.check(file) {
            Err(cause) => cause,
            Ok(()) if matches!(error, age::DecryptError::NoMatchingKeys) => UnpackError::Locked {
                file: file.name.clone(),
            },
            Ok(()) => damaged(file, Difference::Unreadable(error.to_string())),
        }),
    }
}

#[cfg(test)]
mod tests;
