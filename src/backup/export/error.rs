//! Why there is no backup.

use std::time::Duration;

use thiserror::Error;
use tokio_postgres::error::SqlState;

use crate::backup::catalog::CatalogError;
use crate::blob::BlobError;
use crate::database::{self, CopyError, server_message};
use pgarchive::FrameError;

/// Why there is no backup.
#[derive(Debug, Error)]
pub enum ExportError {
    /// No connection.
    #[error(transparent)]
    Unreachable(#[from] database::Error),
    /// A question went unanswered.
    #[error("the server did not answer when asked to {doing}: {}", server_message(.error))]
    Refused {
        /// What it was asked to do.
        doing: &'static str,
        /// Its answer.
        error: tokio_postgres::Error,
    },
    /// What the database holds could not be read.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
    /// A table.
    #[error("table {table}: {error}")]
    Table {
        /// Its full name.
        table: String,
        /// What went wrong.
        error: TableError,
    },
    /// One of the files beside the tables'.
    #[error(transparent)]
    Store(#[from] BlobError),
    /// Somebody else makes one.
    #[error(
        "another backup of this database is being made; wait for its end, and see \
         `magnusapi backup list`"
    )]
    UnderWay,
    /// Others come first.
    #[error(
        "gave way to process {process}, which had waited {waited:?} for a lock behind the backup \
         ({statement}); make backups when nobody migrates the database"
    )]
    GaveWay {
        /// The server's process that waited.
        process: i32,
        /// Its statement, as far as we may know it.
        statement: String,
        /// For how long, as far as we saw.
        waited: Duration,
    },
    /// The manifest could not be read back.
    #[error(
        "the manifest has {size} bytes for {tables} tables, more than the {limit} that can be read \
         back; move some tables to another database, and back up both"
    )]
    ManifestTooLarge {
        /// Its size in bytes.
        size: u64,
        /// The size of the largest manifest.
        limit: u64,
        /// The tables of the database.
        tables: usize,
    },
    /// SIGINT or SIGTERM came.
    #[error("interrupted")]
    Interrupted,
    /// It took too long.
    #[error("not done within {0:?}; raise BACKUP_JOBS, or split the sources over several runs")]
    Deadline(Duration),
}

/// Why a table's rows were not stored.
#[derive(Debug, Error)]
pub enum TableError {
    /// The server.
    #[error(transparent)]
    Copy(#[from] CopyError),
    /// What it sent.
    #[error(transparent)]
    Rows(#[from] FrameError),
    /// The store.
    #[error(transparent)]
    Store(#[from] BlobError),
    /// Rows got lost in this program.
    #[error("{packed} of {rows} rows were packed; this is an error of this program, report it")]
    Lost {
        /// Rows that the server sent.
        rows: u64,
        /// Rows that were packed.
        packed: u64,
    },
}

impl ExportError {
    /// Whether somebody else was at the tables, so that it is worth another try soon.
    pub(super) fn gave_way(&self) -> bool {
        match self {
            ExportError::GaveWay { .. } => true,
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

/// Says what the server was asked to do when it did not.
pub(super) fn when(doing: &'static str) -> impl Fn(tokio_postgres::Error) -> ExportError {
    move |error| ExportError::Refused { doing, error }
}
