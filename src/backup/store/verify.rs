//! Compares the stored files of a backup with its manifest: size and SHA-256 of each.
//!
//! This needs no key, because the hashes are of the files as they are stored, encrypted or not. Whether
//! their content restores is proved by a restore only.

use tokio_util::sync::CancellationToken;

use super::error::StoreError;
use super::source_backups::{SourceBackups, Stored};
use super::walk::{Sink, each_file};
use crate::backup::mismatch::Mismatch;
use crate::backup::progress::Progress;

/// Files that are read at the same time.
const AT_A_TIME: usize = 4;

impl SourceBackups {
    /// Compares every file of a backup with the manifest. A lease keeps the backup from being pruned
    /// meanwhile. `progress` counts the bytes. The cancellation of `stop` ends it early.
    pub async fn verify(
        &self,
        stored: &Stored,
        stop: &CancellationToken,
        progress: &Progress,
    ) -> Result<Vec<Mismatch>, StoreError> {
        let lease = self.lease(stored, "verify").await?;
        let verified = lease.during(stop.run_until_cancelled(self.damages(stored, progress)));
        verified.await.unwrap_or(Err(StoreError::Interrupted))
    }

    /// Compares every file with the manifest. The caller has a lease.
    pub(in crate::backup) async fn damages(
        &self,
        stored: &Stored,
        progress: &Progress,
    ) -> Result<Vec<Mismatch>, StoreError> {
        let files = &stored.readable()?.files;
        each_file(files, AT_A_TIME, |file| async move {
            self.read_through(&stored.id, file, Sink::Nowhere, progress)
                .await
        })
        .await
    }
}
