//! Why a store of backups could not be used.

use std::io;
use std::path::PathBuf;

use jiff::Timestamp;
use thiserror::Error;

use crate::backup::mismatch::Mismatch;
use crate::backup::settings::SourceName;
use crate::blob::BlobError;
use pgarchive::BackupId;

#[derive(Debug, Error)]
pub enum StoreError {
    #[error(
        "there is no store for backups; set BACKUP_URL to az://container/prefix or file:///folder"
    )]
    Nowhere,
    #[error(
        "there is no second location of backups; set BACKUP_COPY_URL to az://container/prefix, \
         s3://bucket/prefix or file:///folder"
    )]
    NoCopy,
    #[error("the store of backups: {0}")]
    Store(#[from] BlobError),
    #[error("{source_name} has no backup {wanted}; see `magnusapi backup list`")]
    Unknown {
        source_name: SourceName,
        wanted: String,
    },
    #[error("the manifest of {id} cannot be read: {reason}")]
    Unreadable { id: BackupId, reason: String },
    #[error(
        "the newest backup, {id}, cannot be read: {reason}; the newest readable one is {readable}: name it to \
         use it"
    )]
    NewestUnreadable {
        id: BackupId,
        reason: String,
        readable: BackupId,
    },
    /// Pruning is about to delete it, or was killed then.
    #[error(
        "a prune is deleting {id}; use another backup, or if that prune was stopped, this one after \
         {until}"
    )]
    BeingDeleted {
        id: BackupId,
        /// When the announcement of the deletion ends.
        until: Timestamp,
    },
    #[error("{0} has a hold already; release it first")]
    HeldAlready(BackupId),
    #[error("interrupted")]
    Interrupted,
    /// The folder of a download.
    #[error("{path}: {error}")]
    Folder { path: PathBuf, error: io::Error },
    #[error("{damage}; the files that were downloaded before are in {path}")]
    Downloaded { damage: Mismatch, path: PathBuf },
    #[error("interrupted; {} is incomplete: delete it", .0.display())]
    DownloadInterrupted(PathBuf),
    #[error("the backup is damaged: {0}; verify it, and restore another one")]
    Original(Mismatch),
    #[error("the copy differs from the backup: {0}; the next run copies that file again")]
    Copied(Mismatch),
    #[error("a damaged file of an unfinished copy cannot be replaced: {0}")]
    CopyKept(String),
    #[error(
        "it was interrupted; the next run continues, or `magnusapi backup copy` without a limit of time"
    )]
    CopyInterrupted,
}

impl StoreError {
    /// Whether other backups can be copied all the same.
    pub fn is_about_one_backup(&self) -> bool {
        !matches!(self, StoreError::Store(_) | StoreError::CopyInterrupted)
    }
}
