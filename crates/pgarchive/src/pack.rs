//! Rows into the bytes of a stored file, and into its line of the manifest.
//!
//! There are three stages, so that the second, which takes longest by far, can run on every core: a
//! [`Cutter`] cuts the text of the rows into members, each [`Member`] is compressed by itself, and a
//! [`Sealer`] writes them in their order. The rows of one table may come from several cutters.

use bytes::Bytes;

use super::END;
use super::buffers::{BufferPool, Lease};
#[cfg(test)]
use super::compression::Algorithm;
use super::compression::MEMBER;
use super::frames::{FrameError, Frames};
use crate::digest::Digest;
use crate::encryption::{Recipients, Sealing};
use crate::manifest::File;
use crate::row_sum::RowSum;

/// Cuts the rows of a table, or of a range of it, into members. It holds one member at most, however long the
/// rows are.
pub struct Cutter {
    frames: Frames,
    text: Text,
}

/// The text of the member that is being filled.
struct Text {
    pool: BufferPool,
    member: Lease,
}

/// The text of one member: 256 KiB, or less at the end of a range.
pub struct Member(Lease);

pub struct Compressed(Lease);

/// The number of rows, and their sum.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Content {
    pub rows: u64,
    pub row_sum: RowSum,
}

/// Members into one stored file, encrypted where there are recipients.
pub struct Sealer {
    name: String,
    sealing: Sealing,
    content: Digest,
    stored: Digest,
}

/// A table's file that is complete.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Packed {
    pub rows: u64,
    pub row_sum: RowSum,
    pub file: File,
}

/// The text that a [`Cutter`] has cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// Another range of the table follows.
    OfRange,
    /// The end mark follows.
    OfTable,
}

impl Content {
    /// Adds the rows of another range of the table.
    pub fn add(&mut self, range: Content) {
        self.rows += range.rows;
        self.row_sum.add_all(range.row_sum);
    }
}

impl Cutter {
    /// A file whose members come from this pool.
    pub fn new(pool: &BufferPool) -> Cutter {
        Cutter {
            frames: Frames::default(),
            text: Text {
                member: pool.lease(),
                pool: pool.clone(),
            },
        }
    }

    /// Takes `CopyData` messages of one row each, with their headers, cut anywhere, and appends the
    /// members that are full to `full`. The same rows give the same members, however they are cut.
    pub fn push(&mut self, frames: &[u8], full: &mut Vec<Member>) -> Result<(), FrameError> {
        let text = &mut self.text;
        self.frames.push(frames, |piece| text.append(piece, full))
    }

    /// Appends the rest to `full`. The rows of the last range end with `end`.
    pub fn finish(mut self, end: End, full: &mut Vec<Member>) -> Result<Content, FrameError> {
        let (rows, row_sum) = self.frames.finish()?;
        if end == End::OfTable {
            self.text.append(END, full);
        }
        if !self.text.member.text.is_empty() {
            full.push(Member(self.text.member));
        }
        Ok(Content { rows, row_sum })
    }
}

impl Text {
    fn append(&mut self, mut piece: &[u8], full: &mut Vec<Member>) {
        while self.member.text.len() + piece.len() > MEMBER {
            let (fits, rest) = piece.split_at(MEMBER - self.member.text.len());
            self.member.text.extend_from_slice(fits);
            let member = std::mem::replace(&mut self.member, self.pool.lease());
            full.push(Member(member));
            piece = rest;
        }
        self.member.text.extend_from_slice(piece);
    }
}

impl Member {
    /// Compresses it. Members do not depend on each other: any order and any thread will do.
    pub fn compress(mut self) -> Compressed {
        self.0.compress();
        Compressed(self.0)
    }
}

impl Compressed {
    pub fn text_bytes(&self) -> usize {
        self.0.text.len()
    }
}

impl Sealer {
    /// A file for these recipients. [`Recipients::stored_name`] makes its name of `name`.
    pub fn new(name: &str, recipients: &Recipients) -> Sealer {
        Sealer {
            name: recipients.stored_name(name),
            sealing: Sealing::to(recipients),
            content: Digest::default(),
            stored: Digest::default(),
        }
    }

    /// Takes the next member, and appends to `out` what is ready to be stored.
    pub fn push(&mut self, member: &Compressed, out: &mut Vec<u8>) {
        self.content.update(&member.0.text);
        self.write(member.0.packed(), out);
    }

    fn write(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        let before = out.len();
        self.sealing.write(bytes, out);
        self.stored.update(&out[before..]);
    }

    /// Appends the rest of the file to `out`. `content` is that of all members.
    pub fn finish(self, content: Content, out: &mut Vec<u8>) -> Packed {
        Packed {
            rows: content.rows,
            row_sum: content.row_sum,
            file: self.end(out),
        }
    }

    fn end(mut self, out: &mut Vec<u8>) -> File {
        let before = out.len();
        self.sealing.finish(out);
        self.stored.update(&out[before..]);
        File {
            name: self.name,
            stored_bytes: self.stored.bytes(),
            stored_sha256: self.stored.sha256(),
            content_bytes: self.content.bytes(),
            content_sha256: self.content.sha256(),
        }
    }
}

/// Packs a small file, uncompressed. Returns the bytes to store and their line in the manifest.
pub fn pack_small(name: &str, content: &[u8], recipients: &Recipients) -> (Bytes, File) {
    let mut sealer = Sealer::new(name, recipients);
    let mut out = Vec::with_capacity(content.len());
    sealer.content.update(content);
    sealer.write(content, &mut out);
    let file = sealer.end(&mut out);
    (out.into(), file)
}

/// Packs rows, all stages one after another.
#[cfg(test)]
pub(super) fn pack<'a>(
    pieces: impl IntoIterator<Item = &'a [u8]>,
    algorithm: Algorithm,
    recipients: &Recipients,
) -> Result<(Vec<u8>, Packed), FrameError> {
    let mut cutter = Cutter::new(&BufferPool::new(algorithm.into()));
    let mut sealer = Sealer::new(&format!("3001.dat{}", algorithm.suffix()), recipients);
    let (mut members, mut stored) = (Vec::new(), Vec::new());
    for piece in pieces {
        cutter.push(piece, &mut members)?;
    }
    let content = cutter.finish(End::OfTable, &mut members)?;
    for member in members {
        sealer.push(&member.compress(), &mut stored);
    }
    let packed = sealer.finish(content, &mut stored);
    Ok((stored, packed))
}

#[cfg(test)]
mod tests {
    use super::*;
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

    fn pool() -> BufferPool {
        BufferPool::new(Algorithm::Gzip.into())
    }

    fn pack_plain<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> (Vec<u8>, Packed) {
        pack(pieces, Algorithm::Gzip, &Recipients::default()).expect("they are whole rows")
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
        let (stored, packed) = pack_plain([]);
        assert_eq!(members(&stored), [END]);
        assert_eq!((packed.rows, packed.row_sum), (0, RowSum::default()));
        assert_eq!(packed.file.content_bytes, END.len() as u64);
    }

    #[test]
    fn the_line_in_the_manifest_describes_the_file() {
        let (stored, packed) = pack_plain([frames(&[0, 10, 1_500_000, 700]).as_slice()]);
        let content = members(&stored).concat();
        let file = &packed.file;
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
    fn members_do_not_depend_on_how_rows_are_cut() {
        let frames = frames(&[MEMBER - 1, MEMBER, 5, 3 * MEMBER + 7, 0]);
        let (stored, packed) = pack_plain([frames.as_slice()]);
        let lengths: Vec<usize> = members(&stored).iter().map(Vec::len).collect();
        let last = 1 + 6 + 8 + 1 + END.len();
        assert_eq!(lengths, [MEMBER, MEMBER, MEMBER, MEMBER, MEMBER, last]);
        for size in [1_009, 65_536, MEMBER + 1] {
            assert_eq!(
                pack_plain(frames.chunks(size)),
                (stored.clone(), packed.clone())
            );
        }
    }

    #[test]
    fn text_is_compressed() {
        let row = b"d\x00\x00\x00\x10a row again\n";
        let rows = row.repeat(10_000);
        let (_, numbers) = pack_plain([rows.as_slice()]);
        assert_eq!(numbers.rows, 10_000);
        assert!(numbers.file.stored_bytes < numbers.file.content_bytes / 50);
    }

    #[test]
    fn a_cutter_holds_one_member() {
        let (mut cutter, mut members) = (Cutter::new(&pool()), Vec::new());
        for _ in 0..20 {
            cutter
                .push(&frames(&[MEMBER]), &mut members)
                .expect("a row");
            assert_eq!(members.len(), 1, "a full member stays inside");
            assert!(cutter.text.member.text.capacity() <= MEMBER);
            members.clear();
        }
    }

    #[test]
    fn ranges_make_the_content_that_the_whole_table_makes() {
        let rows = [frames(&[10, 700_000]), frames(&[]), frames(&[3, 4])];
        let whole = pack_plain(rows.iter().map(Vec::as_slice)).1;
        let pool = pool();
        let mut sealer = Sealer::new("3001.dat.gz", &Recipients::default());
        let (mut content, mut stored) = (Content::default(), Vec::new());
        for (rows, end) in rows.iter().zip([End::OfRange, End::OfRange, End::OfTable]) {
            let (mut cutter, mut members) = (Cutter::new(&pool), Vec::new());
            cutter.push(rows, &mut members).expect("whole rows");
            content.add(cutter.finish(end, &mut members).expect("whole rows"));
            for member in members {
                sealer.push(&member.compress(), &mut stored);
            }
        }
        let ranges = sealer.finish(content, &mut stored);
        assert_eq!((ranges.rows, ranges.row_sum), (whole.rows, whole.row_sum));
        assert_eq!(ranges.file.content_sha256, whole.file.content_sha256);
        assert_eq!(ranges.file.content_bytes, whole.file.content_bytes);
    }
}
