//! The table of contents as bytes, as `WriteHead` and `WriteToc` of `pg_dump` lay it out.

use jiff::tz::Offset;

use super::compression::Algorithm;
use super::toc::{Entry, Toc};

/// The first bytes of the file.
pub(super) const NAME: &[u8] = b"PGDMP";

/// The bytes after the version: revision 0, integers of 4 bytes, file offsets of 8, and the format that
/// directories share with tar.
pub(super) const LAYOUT: &[u8] = &[0, 4, 8, 3];

/// The number of zstd in `pg_compress_algorithm` of PostgreSQL.
pub(super) const ZSTD: u8 = 3;

/// In version 1.13 every level but 0 stands for gzip.
const GZIP: i32 = 1;

/// The version of an archive, major and minor. Version 1.13 is the oldest that every maintained `pg_restore` reads
/// without a warning, and all later ones read it too. Version 1.15, of PostgreSQL 16, is the oldest that knows
/// other algorithms than gzip.
pub(super) fn version(algorithm: Algorithm) -> [u8; 2] {
    match algorithm {
        Algorithm::Gzip => [1, 13],
        Algorithm::Zstd => [1, 15],
    }
}

impl Toc {
    /// The content of `toc.dat`, as written by `tool`, a name and a version, where `algorithm` compresses the
    /// files of the tables.
    pub fn encode(&self, tool: &str, algorithm: Algorithm) -> Vec<u8> {
        let mut writer = Writer {
            bytes: [NAME, &version(algorithm), LAYOUT].concat(),
            algorithm,
        };
        match algorithm {
            Algorithm::Gzip => writer.int(GZIP),
            Algorithm::Zstd => writer.bytes.push(ZSTD),
        }
        writer.moment(self);
        writer.text(&self.database);
        writer.text(&self.server_version);
        writer.text(tool);
        writer.length(self.entries.len());
        for entry in &self.entries {
            writer.entry(entry);
        }
        writer.bytes
    }
}

struct Writer {
    bytes: Vec<u8>,
    algorithm: Algorithm,
}

impl Writer {
    fn moment(&mut self, toc: &Toc) {
        let created = Offset::UTC.to_datetime(toc.created);
        for field in [created.second(), created.minute(), created.hour()] {
            self.int(field.into());
        }
        self.int(created.day().into());
        self.int(i32::from(created.month()) - 1);
        self.int(i32::from(created.year()) - 1900);
        // No daylight saving.
        self.int(0);
    }

    fn entry(&mut self, entry: &Entry) {
        self.int(entry.id);
        self.int(entry.file.is_some().into());
        self.text(&entry.catalog.to_string());
        self.text(&entry.oid.to_string());
        self.text(&entry.tag);
        self.text(entry.kind.words());
        self.int(entry.section as i32);
        self.text(&entry.definition);
        self.text(&entry.drop);
        self.optional(entry.copy.as_deref());
        self.optional(entry.namespace.as_deref());
        // The tablespace: the default one.
        self.optional(None);
        if self.algorithm == Algorithm::Zstd {
            // The access method, from version 1.14 on: the default one.
            self.optional(None);
        }
        self.text(&entry.owner);
        // WITH OIDS, which PostgreSQL 12 removed.
        self.text("false");
        for dependency in &entry.dependencies {
            self.text(&dependency.to_string());
        }
        self.optional(None);
        self.text(entry.file.as_deref().unwrap_or_default());
    }

    /// A sign, then the magnitude from its lowest byte.
    fn int(&mut self, value: i32) {
        self.bytes.push((value < 0).into());
        self.bytes
            .extend_from_slice(&value.unsigned_abs().to_le_bytes());
    }

    fn length(&mut self, length: usize) {
        self.int(i32::try_from(length).expect("PostgreSQL has no text and no list of 2 GiB"));
    }

    fn text(&mut self, text: &str) {
        self.length(text.len());
        self.bytes.extend_from_slice(text.as_bytes());
    }

    fn optional(&mut self, text: Option<&str>) {
        match text {
            Some(text) => self.text(text),
            None => self.int(-1),
        }
    }
}
