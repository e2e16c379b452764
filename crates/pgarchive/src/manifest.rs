//! The description of a backup: `manifest.json`, written last.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::backup_id::BackupId;
use super::digest::Digest;

/// The file's name. A folder without it is not a backup.
pub const MANIFEST: &str = "manifest.json";

/// The manifest's format that this program writes.
pub const FORMAT: u32 = 1;

/// The size of the largest manifest, in bytes. A manifest is read whole; one of ten thousand tables has
/// some five megabytes.
pub const LIMIT: u64 = 64 * 1024 * 1024;

/// Describes a backup: enough to restore it and to prove that it is complete.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// [`FORMAT`].
    pub format: u32,
    /// The source's name, as `BACKUP_DATABASES` has it.
    pub source: String,
    pub id: BackupId,
    pub started: Timestamp,
    /// The time at which everything but this file was stored.
    pub finished: Timestamp,
    pub tool: Tool,
    /// The server that it came from.
    pub server: Server,
    pub snapshot: Snapshot,
    /// The versions in `schema_migrations`, in order; empty where there is no such table.
    pub schema_migrations: Vec<String>,
    /// Objects of the database that the archive does not carry. A backup with any is degraded.
    pub findings: Vec<String>,
    /// System catalogues that the role may not read, so that the census did not examine them.
    pub not_examined: Vec<String>,
    /// The age recipients that every file but this one and `README.txt` is encrypted to; empty for
    /// none.
    pub recipients: Vec<String>,
    /// Every file but this one.
    pub files: Vec<File>,
    /// Every table, in the order of the archive's data entries.
    pub tables: Vec<Table>,
    pub milliseconds: Timings,
}

/// The program that made a backup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tool {
    pub version: String,
    /// The git commit that it was built from.
    pub commit: String,
}

/// The server that a backup came from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Server {
    /// `server_version`.
    pub version: String,
    /// `server_version_num`.
    pub version_number: i32,
    pub database: String,
    /// `pg_database_size`: roughly the space that a restore needs.
    pub database_bytes: u64,
}

/// The moment that a backup shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    /// The server's clock at the snapshot.
    pub taken: Timestamp,
    /// The place in the server's log at the snapshot.
    pub lsn: String,
    /// `pg_current_snapshot`.
    pub transactions: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct File {
    /// Its name in the backup's folder.
    pub name: String,
    /// Its size as stored: compressed and encrypted.
    pub stored_bytes: u64,
    /// The SHA-256 of it as stored, in hexadecimal digits.
    pub stored_sha256: String,
    /// The size of its content, decrypted and decompressed.
    pub content_bytes: u64,
    /// The SHA-256 of its content.
    pub content_sha256: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Table {
    pub schema: String,
    pub name: String,
    /// The columns that are copied, in order: all but generated ones.
    pub columns: Vec<String>,
    /// The [`File`] with its rows.
    pub file: String,
    pub rows: u64,
    /// The sum of the XXH3-128 of all rows' COPY lines, modulo 2^128, in hexadecimal digits: the
    /// same for the same rows in any order.
    pub row_sum: String,
}

/// How long each part of an export took, in milliseconds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timings {
    /// Connecting, the snapshot, the catalogue and the census.
    pub catalog: u64,
    /// The tables' rows, stored.
    pub data: u64,
    pub total: u64,
}

/// The text before the checksum, on the last line but one.
const CHECKSUM: &str = ",\n  \"sha256\": \"";

impl Manifest {
    /// The rows of all tables.
    pub fn rows(&self) -> u64 {
        self.tables.iter().map(|table| table.rows).sum()
    }

    /// The size of all files as stored.
    pub fn stored_bytes(&self) -> u64 {
        self.files.iter().map(|file| file.stored_bytes).sum()
    }

    /// The size of the content of all files, decrypted and decompressed.
    pub fn content_bytes(&self) -> u64 {
        self.files.iter().map(|file| file.content_bytes).sum()
    }

    /// The file's bytes: JSON whose last member is the SHA-256 of all bytes before that member, which
    /// reveals a manifest that was altered or cut.
    pub fn encode(&self) -> Vec<u8> {
        let mut text =
            serde_json::to_string_pretty(self).expect("texts and numbers always serialize");
        text.truncate(text.len() - "\n}".len());
        let checksum = Digest::of(text.as_bytes()).sha256();
        text.push_str(CHECKSUM);
        text.push_str(&checksum);
        text.push_str("\"\n}\n");
        text.into_bytes()
    }

    /// Reads the file's bytes.
    ///
    /// # Errors
    /// The reason why the bytes are not a manifest.
    pub fn decode(bytes: &[u8]) -> Result<Manifest, String> {
        let text = str::from_utf8(bytes).map_err(|error| error.to_string())?;
        let (members, checksum) = text
            .rsplit_once(CHECKSUM)
            .ok_or("its checksum is missing: it was cut or altered")?;
        if checksum != format!("{}\"\n}}\n", Digest::of(members.as_bytes()).sha256()) {
            return Err("its checksum does not match: it was altered".to_owned());
        }
        // A newer version may have other members.
        let Version { format, tool } = parsed(text)?;
        if format > FORMAT {
            return Err(format!(
                "it was made by a newer version, magnusapi {}, and has format {format}, while this \
                 program reads {FORMAT}; use that version or a later one",
                tool.version
            ));
        }
        parsed(text)
    }
}

/// The members that a manifest of every version has.
#[derive(Deserialize)]
struct Version {
    format: u32,
    tool: ToolVersion,
}

#[derive(Deserialize)]
struct ToolVersion {
    version: String,
}

fn parsed<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, String> {
    serde_json::from_str(text).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest() -> Manifest {
        Manifest {
            format: FORMAT,
            source: "postfacto".into(),
            id: "20261124T020000Z-1a2b3c4d"
                .parse()
                .expect("a backup's name"),
            started: Timestamp::UNIX_EPOCH,
            finished: Timestamp::UNIX_EPOCH,
            tool: Tool {
                version: "1".into(),
                commit: "c".into(),
            },
            server: Server {
                version: "15.18".into(),
                version_number: 150_018,
                database: "postgres".into(),
                database_bytes: 8_000_000,
            },
            snapshot: Snapshot {
                taken: Timestamp::UNIX_EPOCH,
                lsn: "0/1".into(),
                transactions: "1:1:".into(),
            },
            schema_migrations: vec!["20200617144551".into()],
            findings: vec!["an odd \"one\"\n".into()],
            not_examined: Vec::new(),
            recipients: Vec::new(),
            files: Vec::new(),
            tables: Vec::new(),
            milliseconds: Timings {
                catalog: 1,
                data: 2,
                total: 3,
            },
        }
    }

    #[test]
    fn a_manifest_is_plain_json_and_decodes_to_itself() {
        let bytes = manifest().encode();
        assert_eq!(Manifest::decode(&bytes), Ok(manifest()));
        let json: serde_json::Value = serde_json::from_slice(&bytes).expect("JSON");
        assert_eq!(json["sha256"].as_str().map(str::len), Some(64));
    }

    #[test]
    fn a_manifest_of_a_newer_version_is_rejected_by_name() {
        let newer = Manifest {
            format: FORMAT + 1,
            ..manifest()
        };
        // With another member than this version knows.
        let text = String::from_utf8(newer.encode()).expect("UTF-8");
        let (members, _) = text.split_once(CHECKSUM).expect("it has one");
        let members = members.replacen("\"snapshot\"", "\"moment\"", 1);
        let checksum = Digest::of(members.as_bytes()).sha256();
        let text = format!("{members}{CHECKSUM}{checksum}\"\n}}\n");
        let reason = Manifest::decode(text.as_bytes()).expect_err("it is newer");
        assert!(reason.contains("made by a newer version"), "{reason}");
    }

    #[test]
    fn every_flipped_bit_and_every_cut_is_detected() {
        let good = manifest().encode();
        for bit in 0..good.len() * 8 {
            let mut bytes = good.clone();
            bytes[bit / 8] ^= 1 << (bit % 8);
            assert!(Manifest::decode(&bytes).is_err(), "bit {bit}");
        }
        for length in 0..good.len() {
            assert!(Manifest::decode(&good[..length]).is_err(), "{length} bytes");
        }
    }
}
