//! The result of a restore.

use super::error::RestoreError;
use crate::backup::Mismatch;

/// The result of a restore.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    pub server_version: String,
    pub tables: u64,
    pub rows: u64,
    /// Objects that the backup, and so the restored database, lacks.
    pub missing: Vec<String>,
    /// The kind of database that was filled.
    pub place: Place,
    /// The owner of the new database, where the backup has one.
    pub owner: Option<String>,
    /// The comparison of the rows; `None` when it was not asked for.
    pub verification: Option<Verification>,
    /// The number of definitions that were compared with the backup's; `None` when none was.
    pub definitions: Option<usize>,
    /// Objects that could not be restored; empty unless the restore was to go on.
    pub skipped: Vec<String>,
    /// Notes for the operator.
    pub notices: Vec<String>,
}

/// The kind of database that a restore filled.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Place {
    #[default]
    Empty,
    New,
    /// A new one. The database that had its name before has this one now.
    Replaced(String),
}

/// The rows that were read back.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verification {
    /// Tables whose rows are the backup's.
    pub equal: usize,
    /// Tables whose rows were only counted, and have the right number.
    pub only_counted: Vec<String>,
    /// Tables whose rows are not the backup's.
    pub differences: Vec<Mismatch>,
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

/// Fails if anything differs from the backup.
pub(super) fn require_equal(what: &str, differences: &[Mismatch]) -> Result<(), RestoreError> {
    if differences.is_empty() {
        return Ok(());
    }
    let differences: Vec<String> = differences.iter().map(Mismatch::to_string).collect();
    let differences = differences.join("; ");
    Err(RestoreError::Failed(format!(
        "the restored {what} differ from the backup's, so the database was not kept: {differences}"
    )))
}
