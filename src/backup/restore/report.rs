//! What a restore did.

use std::fmt;

/// What a restore did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// The version of the server that it went to.
    pub server_version: String,
    /// What kind of database it went into.
    pub place: Place,
    /// The owner that a database got which was made.
    pub owner: Option<String>,
    /// The comparison of the rows; `None` when that was not asked for.
    pub verification: Option<Verification>,
    /// How many definitions were compared with the backup's; `None` when they were not.
    pub definitions: Option<usize>,
    /// What could not be restored; empty unless the restore was to go on.
    pub left_out: Vec<String>,
    /// What a person should know about it.
    pub notices: Vec<String>,
}

/// What kind of database a restore went to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Place {
    /// An empty one that was there.
    #[default]
    Empty,
    /// A new one.
    New,
    /// A new one, and the database that had its name before has this one now.
    Replaced(String),
}

/// The rows that were read back.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verification {
    /// Tables whose rows are the backup's.
    pub equal: usize,
    /// Tables that could only be counted, and have the right number of rows.
    pub only_counted: Vec<String>,
    /// Tables whose rows are not the backup's.
    pub differences: Vec<Difference>,
}

impl Verification {
    /// Names the tables whose rows were not compared.
    pub(super) fn notice(&self) -> Option<String> {
        let tables = self.only_counted.join(", ");
        (!tables.is_empty()).then(|| {
            format!(
                "the rows of these tables were counted and not compared, because the server that \
                 was backed up writes floating-point numbers with other digits: {tables}"
            )
        })
    }
}

/// A table whose rows are not the backup's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Its full name.
    pub table: String,
    /// Rows by the manifest.
    pub expected: u64,
    /// Rows in the database.
    pub found: u64,
}

impl fmt::Display for Difference {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Difference {
            table,
            expected,
            found,
        } = self;
        if expected == found {
            return write!(
                formatter,
                "table {table} has {found} rows, and not all of them equal the backup's"
            );
        }
        write!(
            formatter,
            "table {table} has {found} rows, the backup {expected}"
        )
    }
}
