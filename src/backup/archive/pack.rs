//! Rows into the bytes of a stored file, with everything a manifest says about it.

use bytes::Bytes;
use libdeflater::{CompressionLvl, Compressor};

use super::digest::Digest;
use super::frames::{FrameError, Frames};
use super::{END, LEVEL};
use crate::backup::encryption::{Recipients, Sealing};
use crate::backup::manifest::File;
use crate::backup::row_sum::RowSum;

/// How much text is in a gzip member? Enough that members cost nothing in size; smaller or larger
/// ones are no faster.
const MEMBER: usize = 1024 * 1024;

/// One table's rows, packed as they come. It takes a few MiB, whatever the rows.
pub struct Packer {
    frames: Frames,
    members: Members,
}

/// What there is to say about a table's file once it is complete.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Packed {
    /// How many rows there are.
    pub rows: u64,
    /// Their sum.
    pub row_sum: RowSum,
    /// The size of the text with its end mark.
    pub content_bytes: u64,
    /// The SHA-256 of it, in hexadecimal digits.
    pub content_sha256: String,
    /// The size as stored.
    pub stored_bytes: u64,
    /// The SHA-256 of it as stored, in hexadecimal digits.
    pub stored_sha256: String,
}

impl Packer {
    /// A file for these recipients.
    pub fn new(recipients: &Recipients) -> Packer {
        Packer {
            frames: Frames::default(),
            members: Members::new(recipients),
        }
    }

    /// Takes `CopyData` messages of one row each, with their headers, cut anywhere, and appends to
    /// `out` what is ready to be stored. The same rows give the same members, however they are
    /// cut.
    pub fn push(&mut self, frames: &[u8], out: &mut Vec<u8>) -> Result<(), FrameError> {
        let members = &mut self.members;
        self.frames.push(frames, |text| members.append(text, out))
    }

    /// Appends the rest of the file to `out`. It is complete only after this.
    pub fn finish(mut self, out: &mut Vec<u8>) -> Result<Packed, FrameError> {
        let (rows, row_sum) = self.frames.finish()?;
        self.members.append(END, out);
        let (content, stored) = self.members.finish(out);
        Ok(Packed {
            rows,
            row_sum,
            content_bytes: content.bytes(),
            content_sha256: content.sha256(),
            stored_bytes: stored.bytes(),
            stored_sha256: stored.sha256(),
        })
    }
}

impl Packed {
    /// The file's line in a manifest, under the name that it is stored by.
    pub fn file(&self, name: &str) -> File {
        File {
            name: name.to_owned(),
            stored_bytes: self.stored_bytes,
            stored_sha256: self.stored_sha256.clone(),
            content_bytes: self.content_bytes,
            content_sha256: self.content_sha256.clone(),
        }
    }
}

/// Packs a small file, uncompressed, and answers what is stored and its line in a manifest, in
/// which its name is that of [`Recipients::stored_name`].
pub fn pack_small(name: &str, content: &[u8], recipients: &Recipients) -> (Bytes, File) {
    let mut out = Vec::with_capacity(content.len());
    let mut sealing = Sealing::to(recipients);
    sealing.write(content, &mut out);
    sealing.finish(&mut out);
    let (content, stored) = (Digest::of(content), Digest::of(&out));
    let file = File {
        name: recipients.stored_name(name),
        stored_bytes: stored.bytes(),
        stored_sha256: stored.sha256(),
        content_bytes: content.bytes(),
        content_sha256: content.sha256(),
    };
    (out.into(), file)
}

/// Text into gzip members, and those through the encryption. Its buffers are used again for each
/// member.
struct Members {
    text: Vec<u8>,
    compressor: Compressor,
    member: Vec<u8>,
    sealing: Sealing,
    content: Digest,
    stored: Digest,
}

impl Members {
    fn new(recipients: &Recipients) -> Members {
        let level = CompressionLvl::new(LEVEL).expect("libdeflate has levels 0 to 12");
        let mut compressor = Compressor::new(level);
        let largest = compressor.gzip_compress_bound(MEMBER);
        Members {
            text: Vec::with_capacity(MEMBER),
            compressor,
            member: vec![0; largest],
            sealing: Sealing::to(recipients),
            content: Digest::new(),
            stored: Digest::new(),
        }
    }

    fn append(&mut self, mut text: &[u8], out: &mut Vec<u8>) {
        while self.text.len() + text.len() > MEMBER {
            let (fits, rest) = text.split_at(MEMBER - self.text.len());
            self.text.extend_from_slice(fits);
            self.close_member(out);
            text = rest;
        }
        self.text.extend_from_slice(text);
    }

    fn close_member(&mut self, out: &mut Vec<u8>) {
        self.content.update(&self.text);
        let length = self
            .compressor
            .gzip_compress(&self.text, &mut self.member)
            .expect("the buffer holds the largest member there can be");
        let before = out.len();
        self.sealing.write(&self.member[..length], out);
        self.stored.update(&out[before..]);
        self.text.clear();
    }

    /// What was in it, and what it was stored as.
    fn finish(mut self, out: &mut Vec<u8>) -> (Digest, Digest) {
        self.close_member(out);
        let before = out.len();
        self.sealing.finish(out);
        self.stored.update(&out[before..]);
        (self.content, self.stored)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::read::MultiGzDecoder;
    use std::io::Read;

    /// Rows of text that hardly compresses, as the server sends them.
    fn frames(lengths: &[usize]) -> Vec<u8> {
        let mut random: u64 = 1;
        let mut frames = Vec::new();
        for length in lengths {
            let size = i32::try_from(length + 5).expect("a short row");
            frames.push(b'd');
            frames.extend_from_slice(&size.to_be_bytes());
            frames.extend((0..*length).map(|_| {
                random = random
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1);
                b' ' + u8::try_from(random >> 58).expect("six bits")
            }));
            frames.push(b'\n');
        }
        frames
    }

    fn pack<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> (Vec<u8>, Packed) {
        let mut packer = Packer::new(&Recipients::default());
        let mut out = Vec::new();
        for piece in pieces {
            packer.push(piece, &mut out).expect("they are rows");
        }
        let numbers = packer.finish(&mut out).expect("they are whole");
        (out, numbers)
    }

    /// The gzip members, taken apart.
    fn members(mut stored: &[u8]) -> Vec<Vec<u8>> {
        let mut members = Vec::new();
        while !stored.is_empty() {
            let mut decoder = flate2::bufread::GzDecoder::new(stored);
            let mut member = Vec::new();
            decoder.read_to_end(&mut member).expect("a whole member");
            members.push(member);
            stored = decoder.into_inner();
        }
        members
    }

    #[test]
    fn a_table_without_rows_is_the_end_mark() {
        let (stored, packed) = pack([].into_iter());
        assert_eq!(members(&stored), [END]);
        assert_eq!((packed.rows, packed.row_sum), (0, RowSum::default()));
        assert_eq!(packed.content_bytes, END.len() as u64);
    }

    #[test]
    fn what_is_said_about_a_file_is_true() {
        let (stored, packed) = pack([frames(&[0, 10, 1_500_000, 700]).as_slice()].into_iter());
        let content = members(&stored).concat();
        let file = packed.file("3001.dat.gz");
        assert_eq!(file.name, "3001.dat.gz");
        assert_eq!(file.content_bytes, content.len() as u64);
        assert_eq!(file.content_sha256, Digest::of(&content).sha256());
        assert_eq!(file.stored_bytes, stored.len() as u64);
        assert_eq!(file.stored_sha256, Digest::of(&stored).sha256());
        let text = &content[..content.len() - END.len()];
        assert_eq!(&content[text.len()..], END);
        let mut sum = RowSum::default();
        for line in text.split_inclusive(|byte| *byte == b'\n') {
            sum.add(line);
        }
        assert_eq!((packed.rows, packed.row_sum), (4, sum));
    }

    #[test]
    fn long_rows_make_full_members_and_cuts_make_no_difference() {
        let frames = frames(&[MEMBER - 1, MEMBER, 5, 3 * MEMBER + 7, 0]);
        let (stored, packed) = pack(std::iter::once(frames.as_slice()));
        let lengths: Vec<usize> = members(&stored).iter().map(Vec::len).collect();
        let last = 1 + 6 + 8 + 1 + END.len();
        assert_eq!(lengths, [MEMBER, MEMBER, MEMBER, MEMBER, MEMBER, last]);
        for size in [1_009, 65_536, MEMBER + 1] {
            assert_eq!(pack(frames.chunks(size)), (stored.clone(), packed.clone()));
        }
    }

    #[test]
    fn text_is_compressed() {
        let row = b"d\x00\x00\x00\x10a row again\n";
        let rows = row.repeat(10_000);
        let (_, numbers) = pack(std::iter::once(rows.as_slice()));
        assert_eq!(numbers.rows, 10_000);
        assert!(numbers.stored_bytes < numbers.content_bytes / 50);
    }

    #[test]
    fn a_packer_holds_little_and_hands_on_the_rest() {
        let mut packer = Packer::new(&Recipients::default());
        let mut out = Vec::new();
        for _ in 0..20 {
            packer.push(&frames(&[MEMBER]), &mut out).expect("a row");
            assert!(!out.is_empty(), "a full member stays inside");
            assert!(packer.members.text.capacity() <= MEMBER);
            out.clear();
        }
    }

    #[test]
    fn rows_that_break_off_make_no_file() {
        let mut packer = Packer::new(&Recipients::default());
        let mut out = Vec::new();
        let rows = frames(&[3, 3]);
        packer
            .push(&rows[..rows.len() - 1], &mut out)
            .expect("so far");
        assert_eq!(
            packer.finish(&mut out),
            Err(FrameError::Incomplete { row: 2 })
        );
    }

    #[test]
    fn a_gzip_reader_that_knows_members_reads_all_of_them() {
        let (stored, packed) = pack(std::iter::once(frames(&[2 * MEMBER]).as_slice()));
        let mut content = Vec::new();
        MultiGzDecoder::new(stored.as_slice())
            .read_to_end(&mut content)
            .expect("gzip");
        assert_eq!(content.len() as u64, packed.content_bytes);
    }
}
