//! The table of contents: the steps of `pg_restore`, in order.

use jiff::Timestamp;

use super::kind::Kind;

/// `toc.dat`, the file that makes a folder an archive.
///
/// Its bytes are made by [`Toc::encode`] and read by [`Toc::decode`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Toc {
    /// The name of the database that it came from.
    pub database: String,
    /// `server_version` of its server.
    pub server_version: String,
    /// The file keeps whole seconds.
    pub created: Timestamp,
    /// In the order in which they are restored.
    pub entries: Vec<Entry>,
}

/// One thing to restore: a definition, a table's data, or a statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its number in this archive, from 1.
    pub id: i32,
    /// The system catalogue that the object stands in, or 0.
    pub catalog: u32,
    /// The object's number in that catalogue, or 0.
    pub oid: u32,
    /// Its name, without the schema.
    pub tag: String,
    pub kind: Kind,
    pub section: Section,
    pub definition: String,
    /// The SQL that drops it, for `pg_restore --clean`.
    pub drop: String,
    /// `COPY … FROM stdin;`, for a table's data.
    pub copy: Option<String>,
    pub namespace: Option<String>,
    /// The role that owns it; empty for none.
    pub owner: String,
    /// The ids of the entries that must come first.
    pub dependencies: Vec<i32>,
    /// The file with a table's data, without the suffix of its compression.
    pub file: Option<String>,
}

impl Entry {
    /// An entry with only a kind and a name.
    pub fn new(kind: Kind, tag: impl Into<String>) -> Entry {
        Entry {
            id: 0,
            catalog: 0,
            oid: 0,
            tag: tag.into(),
            kind,
            section: kind.section(),
            definition: String::new(),
            drop: String::new(),
            copy: None,
            namespace: None,
            owner: String::new(),
            dependencies: Vec::new(),
            file: None,
        }
    }
}

/// The three passes of a restore. Comments and grants follow their object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Section {
    None = 1,
    /// Before the data: schemas, types, tables.
    PreData = 2,
    /// Rows and the state of sequences.
    Data = 3,
    /// After the data: keys, indexes, foreign keys, triggers.
    PostData = 4,
}
