//! Copies a backup to another store.
//!
//! The files come first, each compared with the manifest as it is read, and again as the other store returns it.
//! The manifest comes last, so a copy that is killed is not a backup. A later one keeps the files of the killed
//! one that equal the manifest, and replaces the others.

use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

use super::error::StoreError;
use super::marks::VERIFIED;
use super::source_backups::{SourceBackups, Stored};
use super::walk::{Sink, each_file};
use crate::backup::mismatch::Mismatch;
use crate::backup::progress::Progress;
use crate::blob::Deletion;
use pgarchive::BackupId;
use pgarchive::manifest::{self, File, MANIFEST};

/// Files that are copied at the same time. Each takes up to 24 MiB of memory.
const AT_A_TIME: usize = 2;

/// When a copy ends early.
pub(in crate::backup) struct CopyLimit<'a> {
    pub(in crate::backup) end: Instant,
    pub(in crate::backup) stop: &'a CancellationToken,
}

impl CopyLimit<'_> {
    async fn keep<T>(
        &self,
        work: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        let rest = self.end.saturating_duration_since(Instant::now());
        let work = self.stop.run_until_cancelled(work);
        let done = tokio::time::timeout(rest.max(Duration::from_millis(1)), work).await;
        done.ok()
            .flatten()
            .unwrap_or(Err(StoreError::CopyInterrupted))
    }
}

impl SourceBackups {
    /// Copies a backup to `target`, which has none of this name. Leases keep it from being pruned, and the
    /// unfinished copy from being swept. `progress` counts the bytes that are read.
    pub(in crate::backup) async fn copy(
        &self,
        stored: &Stored,
        target: &SourceBackups,
        limit: &CopyLimit<'_>,
        progress: &Progress,
    ) -> Result<(), StoreError> {
        let lease = self.lease(stored, "copy").await?;
        let work = async {
            let unfinished = target.lease_unfinished(&stored.id, "copy").await?;
            if let Err(error) = target.require_unannounced(&stored.id).await {
                unfinished.release().await;
                return Err(error);
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
        progress: &Progress,
    ) -> Result<(), StoreError> {
        let (id, files) = (&stored.id, &stored.readable()?.files);
        let present = &target.files(id).await?;
        each_file(files, AT_A_TIME, |file| async move {
            if present.contains_key(&file.name) && target.is_good(id, file, progress).await? {
                return Ok(None);
            }
            self.copy_file(id, file, target, progress).await?;
            Ok(None)
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
    async fn require_files(&self, id: &BackupId, files: &[File]) -> Result<(), StoreError> {
        let present = self.files(id).await?;
        let Some(lost) = files.iter().find(|it| !present.contains_key(&it.name)) else {
            return Ok(());
        };
        self.blobs.delete(&self.path(id, MANIFEST)).await?;
        Err(StoreError::Copied(Mismatch {
            object: lost.name.clone(),
            text: "it is missing".to_owned(),
        }))
    }

    /// Whether a file of an unfinished copy equals the manifest. Deletes another one.
    async fn is_good(
        &self,
        id: &BackupId,
        file: &File,
        progress: &Progress,
    ) -> Result<bool, StoreError> {
        let damage = self.read_through(id, file, Sink::Nowhere, progress);
        let Some(damage) = damage.await? else {
            return Ok(true);
        };
        match self.blobs.delete(&self.path(id, &file.name)).await? {
            Deletion::Done | Deletion::Missing => Ok(false),
            Deletion::Refused(reason) => Err(StoreError::CopyKept(format!("{damage}; {reason}"))),
        }
    }

    async fn copy_file(
        &self,
        id: &BackupId,
        file: &File,
        target: &SourceBackups,
        progress: &Progress,
    ) -> Result<(), StoreError> {
        let mut upload = target.blobs.upload(&target.path(id, &file.name)).await?;
        let damage = self.read_through(id, file, Sink::Upload(&mut upload), progress);
        if let Some(damage) = damage.await? {
            upload.abort().await;
            return Err(StoreError::Original(damage));
        }
        upload.finish().await?;
        let damage = target.read_through(id, file, Sink::Nowhere, progress);
        match damage.await? {
            None => Ok(()),
            Some(damage) => Err(StoreError::Copied(damage)),
        }
    }

    /// Copies the manifest or a mark, and compares it with what the other store returns.
    pub(in crate::backup) async fn copy_small(
        &self,
        id: &BackupId,
        file: &str,
        target: &SourceBackups,
    ) -> Result<(), StoreError> {
        let text = self
            .blobs
            .read(&self.path(id, file), manifest::LIMIT)
            .await?;
        let path = target.path(id, file);
        target.blobs.create(&path, text.clone()).await?;
        if target.blobs.read(&path, manifest::LIMIT).await? == text {
            return Ok(());
        }
        Err(StoreError::Copied(Mismatch {
            object: file.to_owned(),
            text: "it has other bytes".to_owned(),
        }))
    }
}
