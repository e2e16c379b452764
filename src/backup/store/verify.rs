//! Compares the stored files of a backup with its manifest: size and SHA-256 of each.
//!
//! This needs no key, because the hashes are of the files as they are stored, encrypted or not. Whether
//! their content restores is proved by a restore only.

use futures_util::{StreamExt, TryStreamExt, stream};
use tokio_util::sync::CancellationToken;

use super::source_backups::{SourceBackups, SourceBackupsError, Stored};
use crate::backup::mismatch::Mismatch;
use crate::blob::BlobError;
use pgarchive::digest::Digest;
use pgarchive::manifest::File;
use pgarchive::{BackupId, Difference};

/// Files that are read at the same time.
const AT_A_TIME: usize = 4;

impl SourceBackups {
    /// Compares every file of a backup with the manifest. A lease keeps the backup from being pruned
    /// meanwhile. `progress` gets the number of bytes of each piece. The cancellation of `stop` ends it
    /// early.
    pub async fn verify(
        &self,
        stored: &Stored,
        stop: &CancellationToken,
        progress: &(dyn Fn(u64) + Send + Sync),
    ) -> Result<Vec<Mismatch>, SourceBackupsError> {
        let lease = self.lease(stored, "verify").await?;
        let verified = lease.during(stop.run_until_cancelled(self.damages(stored, progress)));
        verified
            .await
            .unwrap_or(Err(SourceBackupsError::Interrupted))
    }

    /// Compares every file with the manifest. The caller has a lease.
    pub(in crate::backup) async fn damages(
        &self,
        stored: &Stored,
        progress: &(dyn Fn(u64) + Send + Sync),
    ) -> Result<Vec<Mismatch>, SourceBackupsError> {
        let mut looking = Vec::new();
        for file in &stored.readable()?.files {
            looking.push(self.damage(&stored.id, file, progress));
        }
        let damages = stream::iter(looking).buffered(AT_A_TIME);
        let damages: Vec<Option<Mismatch>> = damages.try_collect().await?;
        Ok(damages.into_iter().flatten().collect())
    }

    async fn damage(
        &self,
        id: &BackupId,
        file: &File,
        progress: &(dyn Fn(u64) + Send + Sync),
    ) -> Result<Option<Mismatch>, BlobError> {
        let mut comparison = Comparison::new(file);
        let mut reading = match self.blobs.stream(&self.path(id, &file.name)).await {
            Err(BlobError::Missing { .. }) => return Ok(Some(comparison.missing())),
            reading => std::pin::pin!(reading?),
        };
        while let Some(part) = reading.try_next().await? {
            comparison.add(&part);
            progress(part.len() as u64);
        }
        Ok(comparison.damage())
    }
}

/// A file that is being read, and its line in the manifest.
pub(super) struct Comparison<'a> {
    stored: &'a File,
    read: Digest,
}

impl<'a> Comparison<'a> {
    pub(super) fn new(stored: &'a File) -> Comparison<'a> {
        Comparison {
            stored,
            read: Digest::default(),
        }
    }

    pub(super) fn add(&mut self, part: &[u8]) {
        self.read.update(part);
    }

    pub(super) fn missing(&self) -> Mismatch {
        self.damaged("it is missing".to_owned())
    }

    /// The difference, once everything is read.
    pub(super) fn damage(self) -> Option<Mismatch> {
        let difference = Difference::of_stored(&self.read, self.stored)?;
        Some(self.damaged(difference.to_string()))
    }

    fn damaged(&self, text: String) -> Mismatch {
        Mismatch {
            object: self.stored.name.clone(),
            text,
        }
    }
}
