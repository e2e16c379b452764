//! The messages that the server sends for a COPY, of one row each.
//!
//! A message is `d`, its length with itself as four bytes, and a line of text (PostgreSQL's
//! documentation, "Message Formats", `CopyData`). The server has always sent each row in a message
//! of its own, so rows are counted and hashed without a search for their ends.

use thiserror::Error;

use crate::row_sum::{RowSum, Rows};

/// A message's type and length.
const HEADER: usize = 5;

/// The length, which counts itself and not the type.
const LENGTH: usize = 4;

/// The messages are not a COPY of rows as text.
#[derive(Debug, PartialEq, Eq, Error)]
pub enum FrameError {
    /// A message of another kind, or of an impossible length.
    #[error(
        "after {rows} rows the server sent {header:02x?} where a row should begin; if it happens \
         again, something between this program and PostgreSQL changes what it sends"
    )]
    NotARow { rows: u64, header: [u8; HEADER] },
    #[error("row {row} does not end with a newline; the COPY has to be of text, one row a message")]
    NotALine { row: u64 },
    #[error("the server's rows end in the middle of row {row}; run the backup again")]
    Incomplete { row: u64 },
}

/// Splits `CopyData` messages, cut anywhere, into text, and counts and sums their rows.
#[derive(Default)]
pub struct Frames {
    rows: Rows,
    /// The header of the current message, as far as it was read.
    header: [u8; HEADER],
    header_bytes: usize,
    /// Bytes of the current row that were not read yet.
    missing: usize,
}

impl Frames {
    /// Reads messages, whole or in part, and passes their text on.
    pub fn push(
        &mut self,
        mut bytes: &[u8],
        mut text: impl FnMut(&[u8]),
    ) -> Result<(), FrameError> {
        while !bytes.is_empty() {
            if self.missing == 0 {
                bytes = self.header(bytes)?;
                continue;
            }
            let (piece, rest) = bytes.split_at(self.missing.min(bytes.len()));
            self.missing -= piece.len();
            self.piece(piece)?;
            text(piece);
            bytes = rest;
        }
        Ok(())
    }

    /// The number of rows, and their sum.
    pub fn finish(self) -> Result<(u64, RowSum), FrameError> {
        let incomplete = self.missing > 0 || self.header_bytes > 0;
        if incomplete {
            return Err(FrameError::Incomplete {
                row: self.rows.count() + 1,
            });
        }
        Ok(self.rows.finish())
    }

    /// Reads a header or a part of one. Returns the bytes after it.
    fn header<'a>(&mut self, bytes: &'a [u8]) -> Result<&'a [u8], FrameError> {
        let missing = HEADER - self.header_bytes;
        let (piece, rest) = bytes.split_at(missing.min(bytes.len()));
        self.header[self.header_bytes..][..piece.len()].copy_from_slice(piece);
        self.header_bytes += piece.len();
        if self.header_bytes == HEADER {
            self.header_bytes = 0;
            self.missing = self.length()?;
        }
        Ok(rest)
    }

    /// The length of the row that the header announces. A row is never empty: it ends with a
    /// newline.
    fn length(&self) -> Result<usize, FrameError> {
        let [kind, length @ ..] = self.header;
        let length = i32::from_be_bytes(length);
        usize::try_from(length)
            .ok()
            .and_then(|length| length.checked_sub(LENGTH))
            .filter(|length| kind == b'd' && *length > 0)
            .ok_or(FrameError::NotARow {
                rows: self.rows.count(),
                header: self.header,
            })
    }

    fn piece(&mut self, piece: &[u8]) -> Result<(), FrameError> {
        if self.missing > 0 {
            self.rows.part(piece);
            return Ok(());
        }
        self.rows.end(piece);
        if piece.ends_with(b"\n") {
            Ok(())
        } else {
            Err(FrameError::NotALine {
                row: self.rows.count(),
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(line: &[u8]) -> Vec<u8> {
        let length = i32::try_from(line.len() + LENGTH).expect("a short line");
        [b"d", &length.to_be_bytes()[..], line].concat()
    }

    fn read(pieces: &[&[u8]]) -> Result<(Vec<u8>, u64, RowSum), FrameError> {
        let mut frames = Frames::default();
        let mut text = Vec::new();
        for piece in pieces {
            frames.push(piece, |more| text.extend_from_slice(more))?;
        }
        let (rows, sum) = frames.finish()?;
        Ok((text, rows, sum))
    }

    #[test]
    fn messages_can_be_cut_anywhere() {
        let long = [&[b'x'; 700][..], b"\n"].concat();
        let lines: [&[u8]; 4] = [b"1\tone\n", b"\n", b"2\ttwo\n", &long];
        let bytes: Vec<u8> = lines.iter().flat_map(|line| message(line)).collect();
        let mut sum = RowSum::default();
        for line in &lines {
            sum.add(line);
        }
        for cut in 0..=bytes.len() {
            let (before, after) = bytes.split_at(cut);
            let expected = (lines.concat(), 4, sum);
            assert_eq!(read(&[before, after]), Ok(expected), "cut at {cut}");
        }
        let single: Vec<&[u8]> = bytes.chunks(1).collect();
        assert_eq!(read(&single), Ok((lines.concat(), 4, sum)));
    }

    #[test]
    fn other_messages_are_rejected() {
        let row = message(b"1\n");
        for bad in [
            b"Z\0\0\0\x05I".as_slice(),
            b"d\0\0\0\x04",
            b"d\0\0\0\x03",
            b"d\xff\xff\xff\xff",
        ] {
            let error = read(&[&row, bad]).expect_err("it is rejected");
            assert!(
                matches!(error, FrameError::NotARow { rows: 1, .. }),
                "{bad:?}"
            );
        }
        assert_eq!(
            read(&[&row, &message(b"2")]),
            Err(FrameError::NotALine { row: 2 })
        );
    }

    #[test]
    fn incomplete_rows_are_rejected() {
        let row = message(b"12345\n");
        for end in 1..row.len() {
            let error = read(&[&row, &row[..end]]).expect_err("it is rejected");
            assert_eq!(error, FrameError::Incomplete { row: 2 }, "{end}");
        }
    }
}
