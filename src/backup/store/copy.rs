//! Copies a backup to another store.
//!
//! The files come first, each compared with the manifest as it is read, and again as the other store returns it.
//! The manifest comes last, so a copy that is killed is not a backup. A later one keeps the files of the killed
//! one that equal the manifest, and replaces the others.

use std::time::{Duration, Instant};

use thiserror::Error;
use tokio_util::sync::CancellationToken;

use super::marks::VERIFIED;
use super::source_backups::{SourceBackups, SourceBackupsError, Stored};
use super::walk::{Nowhere, each_file};
use crate::backup::mismatch::Mismatch;
use crate::blob::{BlobError, Deletion};
use pgarchive::BackupId;
use pgarchive::manifest::{self, File, MANIFEST};

/// Files that are copied at the same time. Each takes up to 24 MiB of memory.
const AT_A_TIME: usize = 2;

/// Why a backup was not copied.
#[derive(Debug, Error)]
pub enum CopyError {
    #[error(transparent)]
    SourceBackups(#[from] SourceBackupsError),
    #[error("the backup is damaged: {0}; verify it, and restore another one")]
    Original(Mismatch),
    #[error("the copy differs from the backup: {0}; the next run copies that file again")]
    Copied(Mismatch),
    #[error("a damaged file of an unfinished copy cannot be replaced: {0}")]
    Kept(String),
    #[error(
        "it was interrupted; the next run continues, or `magnusapi backup copy` without a limit of time"
    )]
    Interrupted,
}

impl From<BlobError> for CopyError {
    fn from(error: BlobError) -> Self {
        CopyError::SourceBackups(error.into())
    }
}

impl CopyError {
    /// Whether other backups can be copied all the same.
    pub fn is_about_one_backup(&self) -> bool {
        match self {
            CopyError::SourceBackups(error) => !matches!(error, SourceBackupsError::Store(_)),
            CopyError::Original(_) | CopyError::Copied(_) | CopyError::Kept(_) => true,
            CopyError::Interrupted => false,
        }
    }
}

/// When a copy ends early.
pub struct CopyLimit<'a> {
    pub end: Instant,
    pub stop: &'a CancellationToken,
}

impl CopyLimit<'_> {
    async fn keep<T>(
        &self,
        work: impl Future<Output = Result<T, CopyError>>,
    ) -> Result<T, CopyError> {
        let rest = self.end.saturating_duration_since(Instant::now());
        let work = self.stop.run_until_cancelled(work);
        let done = tokio::time::timeout(rest.max(Duration::from_millis(1)), work).await;
        done.ok().flatten().unwrap_or(Err(CopyError::Interrupted))
    }
}

impl SourceBackups {
    /// Copies a backup to `target`, which has none of this name. Leases keep it from being pruned, and the
    /// unfinished copy from being swept. `progress` gets the number of bytes of each piece that is read.
    pub async fn copy(
        &self,
        stored: &Stored,
        target: &SourceBackups,
        limit: &CopyLimit<'_>,
        progress: &(dyn Fn(u64) + Send + Sync),
    ) -> Result<(), CopyError> {
        let lease = self.lease(stored, "copy").await?;
        let work = async {
            let unfinished = target.lease_unfinished(&stored.id, "copy").await?;
            if let Err(error) = target.require_unannounced(&stored.id).await {
                unfinished.release().await;
                return Err(error.into());
            }
            let copying = self.copy_files(stored, target, progress);
            unfinished.during(limit.keep(copying)).await
        };
        lease.during(Box::pin(work)).await
    }

    async fn copy_files(
        &self,
        stored: &Stored,
        target: &SourceBackups,
        progress: &(dyn Fn(u64) + Send + Sync),
    ) -> Result<(), CopyError> {
        let (id, files) = (&stored.id, &stored.readable()?.files);
        let present = &target.files(id).await?;
        each_file(files, AT_A_TIME, |file| async move {
            if present.contains(&file.name) && target.is_good(id, file, progress).await? {
                return Ok(None);
            }
            self.copy_file(id, file, target, progress).await?;
            Ok::<_, CopyError>(None)
        })
        .await?;
        self.copy_small(id, MANIFEST, target).await?;
        target.require_files(id, files).await?;
        if stored.verified.is_some() {
            self.copy_small(id, VERIFIED, target).await?;
        }
        Ok(())
    }

    /// Checks that no sweep of the unfinished copy has deleted a file after it was compared. Otherwise deletes the
    /// manifest.
    async fn require_files(&self, id: &BackupId, files: &[File]) -> Result<(), CopyError> {
        let present = self.files(id).await?;
        let Some(lost) = files.iter().find(|it| !present.contains(&it.name)) else {
            return Ok(());
        };
        self.blobs.delete(&self.path(id, MANIFEST)).await?;
        Err(CopyError::Copied(Mismatch {
            object: lost.name.clone(),
            text: "it is missing".to_owned(),
        }))
    }

    /// Whether a file of an unfinished copy equals the manifest. Deletes another one.
    async fn is_good(
        &self,
        id: &BackupId,
        file: &File,
        progress: &(dyn Fn(u64) + Send + Sync),
    ) -> Result<bool, CopyError> {
        let sink = &mut Nowhere;
        let damage = self.read_through::<CopyError>(id, file, sink, progress);
        let Some(damage) = damage.await? else {
            return Ok(true);
        };
        match self.blobs.delete(&self.path(id, &file.name)).await? {
            Deletion::Done | Deletion::Missing => Ok(false),
            Deletion::Refused(reason) => Err(CopyError::Kept(format!("{damage}; {reason}"))),
        }
    }

    async fn copy_file(
        &self,
        id: &BackupId,
        file: &File,
        target: &SourceBackups,
        progress: &(dyn Fn(u64) + Send + Sync),
    ) -> Result<(), CopyError> {
        let mut upload = target.blobs.upload(&target.path(id, &file.name)).await?;
        let damage = self.read_through::<CopyError>(id, file, &mut upload, progress);
        if let Some(damage) = damage.await? {
            upload.abort().await;
            return Err(CopyError::Original(damage));
        }
        upload.finish().await?;
        let sink = &mut Nowhere;
        let damage = target.read_through::<CopyError>(id, file, sink, progress);
        damage
            .await?
            .map_or(Ok(()), |it| Err(CopyError::Copied(it)))
    }

    /// Copies the manifest or a mark, and compares it with what the other store returns.
    pub(in crate::backup) async fn copy_small(
        &self,
        id: &BackupId,
        file: &str,
        target: &SourceBackups,
    ) -> Result<(), CopyError> {
        let text = self
            .blobs
            .read(&self.path(id, file), manifest::LIMIT)
            .await?;
        let path = target.path(id, file);
        target.blobs.create(&path, text.clone()).await?;
        if target.blobs.read(&path, manifest::LIMIT).await? == text {
            return Ok(());
        }
        Err(CopyError::Copied(Mismatch {
            object: file.to_owned(),
            text: "it has other bytes".to_owned(),
        }))
    }
}
