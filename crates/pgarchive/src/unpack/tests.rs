use super::*;
use crate::encryption::Recipients;
use crate::{pack, pack_small};
use age::secrecy::ExposeSecret;
use age::x25519;

/// The file of a table, and its lines in the manifest.
struct Sample {
    stored: Vec<u8>,
    file: File,
    table: Table,
    identities: Option<Identities>,
}

/// Each way in which a file is stored: compressed, and encrypted or not.
const STORED: [(Algorithm, bool); 4] = [
    (Algorithm::Gzip, false),
    (Algorithm::Gzip, true),
    (Algorithm::Zstd, false),
    (Algorithm::Zstd, true),
];

impl Sample {
    fn new(rows: u32, (algorithm, encrypted): (Algorithm, bool)) -> Sample {
        let (identities, recipients) = keys();
        let (identities, recipients) = if encrypted {
            (Some(identities), recipients)
        } else {
            (None, Recipients::default())
        };
        let rows: Vec<Vec<u8>> = (0..rows).map(frame).collect();
        let packed = pack::pack(rows.iter().map(Vec::as_slice), algorithm, &recipients);
        let (stored, numbers) = packed.expect("all rows are whole");
        Sample {
            file: numbers.file,
            table: table(numbers.rows, numbers.row_sum.to_string()),
            stored,
            identities,
        }
    }

    fn unpack(&self, stored: impl Read) -> Result<String, UnpackError> {
        let identities = self.identities.as_ref();
        let mut unpacker = Unpacker::new(stored, &self.file, &self.table, identities)?;
        let mut text = Vec::new();
        while let Some(piece) = unpacker.text()? {
            text.extend_from_slice(piece);
        }
        assert!(unpacker.text()?.is_none(), "it ends twice");
        Ok(String::from_utf8(text).expect("text"))
    }

    fn difference(&self, stored: impl Read) -> Difference {
        match self.unpack(stored) {
            Err(UnpackError::Damaged { file, difference }) => {
                assert_eq!(file, self.file.name);
                difference
            }
            other => panic!("{other:?}"),
        }
    }

    /// Replaces the stored bytes and their lengths and hashes, so that only the content can be wrong.
    fn store(&mut self, stored: Vec<u8>) {
        let digest = Digest::of(&stored);
        self.file.stored_bytes = digest.bytes();
        self.file.stored_sha256 = digest.sha256();
        self.stored = stored;
    }
}

fn keys() -> (Identities, Recipients) {
    let identity = x25519::Identity::generate();
    let public = identity.to_public().to_string();
    (
        Identities::parse(identity.to_string().expose_secret()).expect("an identity"),
        Recipients::parse(&public).expect("a recipient"),
    )
}

fn line(row: u32) -> String {
    let hash = u64::from(row).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    format!("{row}\t{hash:016x}\\nand more\t\\N\n")
}

fn frame(row: u32) -> Vec<u8> {
    let line = line(row);
    let length = i32::try_from(line.len() + 4).expect("a short line");
    [b"d", &length.to_be_bytes()[..], line.as_bytes()].concat()
}

fn table(rows: u64, row_sum: String) -> Table {
    Table {
        schema: "public".into(),
        name: "retros".into(),
        columns: vec!["id".into(), "name".into(), "video_link".into()],
        file: "3001.dat.gz".into(),
        rows,
        row_sum,
    }
}

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::read::GzEncoder::new(text, flate2::Compression::fast());
    let mut member = Vec::new();
    encoder.read_to_end(&mut member).expect("memory");
    member
}

#[test]
fn unpacking_reverses_packing() {
    for (rows, how) in [0, 1, 60_000]
        .into_iter()
        .flat_map(|rows| STORED.map(|how| (rows, how)))
    {
        let sample = Sample::new(rows, how);
        let text: String = (0..rows).map(line).collect();
        let found = sample.unpack(sample.stored.as_slice()).expect("it is good");
        assert!(found == text, "{rows} rows differ");
        Stored::new(sample.stored.as_slice(), sample.file.stored_bytes)
            .check(&sample.file)
            .expect("it is good");
    }
}

#[test]
fn flipped_bits_are_detected_and_named() {
    for how in STORED {
        let sample = Sample::new(40, how);
        // An odd step reaches every bit of a byte.
        for bit in (0..sample.stored.len() * 8).step_by(29) {
            let mut stored = sample.stored.clone();
            stored[bit / 8] ^= 1 << (bit % 8);
            let difference = sample.difference(stored.as_slice());
            assert!(matches!(difference, Difference::Stored { .. }), "bit {bit}");
        }
    }
}

#[test]
fn missing_and_added_bytes_are_detected() {
    for how in STORED {
        let sample = Sample::new(40, how);
        let expected = sample.file.stored_bytes;
        for end in (0..sample.stored.len()).step_by(3) {
            let found = end as u64;
            assert_eq!(
                sample.difference(&sample.stored[..end]),
                Difference::Short { expected, found }
            );
        }
        let endless = sample.stored.as_slice().chain(io::repeat(0));
        assert_eq!(sample.difference(endless), Difference::Long { expected });
        let twice = sample.stored.repeat(2);
        let difference = sample.difference(twice.as_slice());
        assert_eq!(difference, Difference::Long { expected });
    }
}

#[test]
fn the_file_of_another_table_is_detected() {
    let (one, other) = (Sample::new(40, STORED[0]), Sample::new(41, STORED[0]));
    let expected = one.file.stored_bytes;
    let found = one.difference(other.stored.as_slice());
    assert_eq!(found, Difference::Long { expected });
}

#[test]
fn content_that_was_wrong_when_stored_is_detected() {
    let good: String = (0..40).map(line).collect();
    let mut sample = Sample::new(40, STORED[0]);
    let mut difference = |text: &str, end: &[u8]| {
        sample.store(gzip(&[text.as_bytes(), end].concat()));
        sample.difference(sample.stored.as_slice())
    };
    let shorter: String = (0..39).map(line).collect();
    let longer = good.repeat(50);
    for text in [shorter.as_str(), &longer] {
        let found = difference(text, END);
        assert!(matches!(found, Difference::ContentLength { .. }), "{found}");
    }
    let changed = difference(&good.replace("39\t", "38\t"), END);
    assert!(matches!(changed, Difference::Content { .. }), "{changed}");
    let found = difference(&good, b"no end");
    assert!(matches!(found, Difference::ContentLength { .. }), "{found}");
    sample.store(b"no gzip at all".to_vec());
    let found = sample.difference(sample.stored.as_slice());
    assert!(matches!(found, Difference::Unreadable(_)), "{found}");
}

#[test]
fn a_contradictory_manifest_is_detected() {
    let mut sample = Sample::new(40, STORED[0]);
    let row_sum = std::mem::replace(&mut sample.table.row_sum, "0".repeat(32));
    let found = sample.difference(sample.stored.as_slice());
    assert!(matches!(found, Difference::RowSum { .. }), "{found}");
    sample.table = table(39, row_sum);
    let (expected, found) = (39, 40);
    assert_eq!(
        sample.difference(sample.stored.as_slice()),
        Difference::Rows { expected, found }
    );
    let text = b"1\tone\n\\.no\n";
    sample.store(gzip(text));
    sample.file.content_bytes = text.len() as u64;
    sample.file.content_sha256 = Digest::of(text).sha256();
    assert_eq!(sample.difference(sample.stored.as_slice()), Difference::End);
}

/// A reader that has no manifest, such as stock `pg_restore`, finds a flipped bit by the checksum of its member.
#[test]
fn members_have_checksums_of_their_own() {
    let text: String = (0..40).map(line).chain(["\\.\n\n\n".to_owned()]).collect();
    for algorithm in Algorithm::ALL {
        let stored = Sample::new(40, (algorithm, false)).stored;
        for bit in 0..stored.len() * 8 {
            let mut stored = stored.clone();
            stored[bit / 8] ^= 1 << (bit % 8);
            let mut content = Vec::new();
            let read = decompressed(algorithm, &stored[..]).read_to_end(&mut content);
            // Some bits of a header have no meaning.
            let is_unchanged = read.is_ok() && content == text.as_bytes();
            assert!(
                read.is_err() || is_unchanged,
                "{} bit {bit}",
                algorithm.name()
            );
        }
    }
}

/// Returns the first bytes and then fails, as a connection does.
struct Failing<'a>(&'a [u8]);

impl Read for Failing<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.0.read(buffer) {
            Ok(0) => Err(io::Error::new(
                io::ErrorKind::ConnectionReset,
                "the line is dead",
            )),
            other => other,
        }
    }
}

#[test]
fn a_failed_read_is_not_a_damage() {
    for how in STORED {
        let sample = Sample::new(4_000, how);
        for end in [0, 10, 150, 5_000, sample.stored.len()] {
            let error = sample
                .unpack(Failing(&sample.stored[..end]))
                .expect_err("it breaks off");
            let UnpackError::Read { source, .. } = &error else {
                panic!("{error:?} at {end}");
            };
            assert_eq!(source.kind(), io::ErrorKind::ConnectionReset);
        }
    }
}

#[test]
fn other_identities_are_rejected() {
    let mut sample = Sample::new(40, STORED[1]);
    sample.identities = Some(keys().0);
    let error = sample.unpack(sample.stored.as_slice()).expect_err("locked");
    assert!(matches!(error, UnpackError::Locked { .. }), "{error:?}");
    let damaged = &sample.stored[..sample.stored.len() - 1];
    assert!(matches!(
        sample.difference(damaged),
        Difference::Short { .. }
    ));
}

#[test]
fn small_files_are_unpacked_and_checked() {
    let (identities, recipients) = keys();
    for (recipients, identities) in [
        (recipients, Some(&identities)),
        (Recipients::default(), None),
    ] {
        let (stored, file) = pack_small("toc.dat", b"PGDMP", &recipients);
        assert_eq!(file.name, recipients.stored_name("toc.dat"));
        let content = unpack_small(&stored, &file, identities).expect("it is good");
        assert_eq!(content, b"PGDMP");
        let error = unpack_small(&stored[1..], &file, identities).expect_err("it is short");
        assert!(error.to_string().contains("toc.dat"), "{error}");
        let lying = File {
            content_sha256: "0".repeat(64),
            ..file
        };
        let error = unpack_small(&stored, &lying, identities).expect_err("another content");
        assert!(error.to_string().contains("SHA-256"), "{error}");
    }
}
