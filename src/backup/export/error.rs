//! Why an export failed.

use std::time::Duration;

use thiserror::Error;
use tokio_postgres::error::SqlState;

use crate::backup::catalog::CatalogError;
use crate::backup::session::failure;
use crate::blob::BlobError;
use crate::database::{self, CopyError};
use pgarchive::FrameError;

#[derive(Debug, Error)]
pub enum ExportError {
    #[error(transparent)]
    Unreachable(#[from] database::Error),
    #[error("the server failed to {doing}: {}", failure(.error))]
    Refused {
        doing: &'static str,
        error: tokio_postgres::Error,
    },
    #[error(transparent)]
    Catalog(#[from] CatalogError),
    #[error("table {table}: {error}")]
    Table { table: String, error: TableError },
    #[error(transparent)]
    Store(#[from] BlobError),
    #[error(
        "another backup of this database is being made; wait for its end, and see \
         `magnusapi backup list`"
    )]
    UnderWay,
    #[error(
        "yielded to process {process}, which had waited {waited:?} for a lock of the backup \
         ({statement}); make backups when no migration runs"
    )]
    Yielded {
        process: i32,
        /// Empty without the right to see it.
        statement: String,
        waited: Duration,
    },
    #[error(
        "the manifest has {size} bytes for {tables} tables, more than the {limit} that can be read \
         back; move some tables to another database, and back up both"
    )]
    ManifestTooLarge {
        size: u64,
        limit: u64,
        tables: usize,
    },
    #[error("interrupted")]
    Interrupted,
    #[error("not done within {0:?}; raise BACKUP_JOBS, or split the sources over several runs")]
    Deadline(Duration),
}

/// Why the rows of a table were not stored.
#[derive(Debug, Error)]
pub enum TableError {
    #[error("{}", copy_failure(.0))]
    Copy(#[from] CopyError),
    #[error(transparent)]
    Rows(#[from] FrameError),
    #[error(transparent)]
    Store(#[from] BlobError),
    #[error("{packed} of {rows} rows were packed; this is an error of this program, report it")]
    Lost { rows: u64, packed: u64 },
}

impl ExportError {
    /// Whether another session changed the tables, so that a retry can succeed soon.
    pub(super) fn is_worth_a_retry(&self) -> bool {
        match self {
            ExportError::Yielded { .. } => true,
            ExportError::Catalog(error) => {
                matches!(error, CatalogError::Busy(_) | CatalogError::Changed(_))
            }
            ExportError::Table {
                error: TableError::Copy(CopyError::Failed(error)),
                ..
            } => error.code() == Some(&SqlState::LOCK_NOT_AVAILABLE),
            _ => false,
        }
    }
}

fn copy_failure(error: &CopyError) -> String {
    match error {
        CopyError::Failed(error) => failure(error),
        error => error.to_string(),
    }
}

/// Names the step that the server failed to do.
pub(super) fn when(doing: &'static str) -> impl Fn(tokio_postgres::Error) -> ExportError {
    move |error| ExportError::Refused { doing, error }
}
