//! Leases: a backup that is being restored, checked or downloaded is not pruned.
//!
//! A lease is a blob beside the backup. Its name says until when it holds.
//! A reader creates its lease and then looks for the manifest. Pruning deletes the manifest and then
//! looks for leases, and stores the manifest again if there is one. So at least one of the two sees
//! the other, on every machine, because a store lists a blob from the moment that it was created. A
//! later lease follows an earlier one, as nothing is overwritten; the one of a killed reader ends by
//! itself.

use std::pin::pin;
use std::time::Duration;

use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use tokio::time::sleep;
use uuid::Uuid;

use super::marks::lease_file;
use super::source_backups::{SourceBackups, SourceBackupsError, Stored};
use crate::blob::BlobError;
use pgarchive::BackupId;

/// Between two leases of a reader. A day of a restore leaves some 150 blobs in a container that is
/// immutable.
const RENEWAL: Duration = Duration::from_mins(10);

/// How long a lease holds. The clocks of two machines may differ by the half of it.
const TERM: SignedDuration = SignedDuration::from_mins(40);

/// A lease of a backup.
pub(in crate::backup) struct Lease<'a> {
    source_backups: &'a SourceBackups,
    id: &'a BackupId,
    purpose: &'static str,
    /// The blobs that may be in the store.
    names: Vec<String>,
    /// Why pruning may delete the backup all the same, if so.
    pub(in crate::backup) notice: Option<String>,
}

impl SourceBackups {
    /// Takes a lease of a backup. Without room or the right to write there is none: the notice says so.
    ///
    /// # Errors
    /// [`SourceBackupsError::Unknown`] if the backup was deleted just now.
    pub(in crate::backup) async fn lease<'a>(
        &'a self,
        stored: &'a Stored,
        purpose: &'static str,
    ) -> Result<Lease<'a>, SourceBackupsError> {
        let mut lease = Lease {
            source_backups: self,
            id: &stored.id,
            purpose,
            names: Vec::new(),
            notice: None,
        };
        match lease.take().await {
            Err(
                BlobError::Denied { reason, .. }
                | BlobError::Kept { reason, .. }
                | BlobError::Full { reason, .. },
            ) => {
                let text = format!(
                    "the store takes no mark that {} is in use ({reason}): do not prune meanwhile",
                    stored.id
                );
                log::warn!("{text}");
                lease.notice = Some(text);
            }
            taken => taken?,
        }
        if let Err(error) = self.require_manifest(&stored.id).await {
            lease.release().await;
            return Err(error);
        }
        Ok(lease)
    }
}

impl Lease<'_> {
    /// Does `work` and renews the lease until it has ended, and then gives it up.
    pub(in crate::backup) async fn during<T>(mut self, work: impl Future<Output = T>) -> T {
        let mut work = pin!(work);
        let done = tokio::select! {
            done = &mut work => done,
            never = self.renew() => match never {},
        };
        self.release().await;
        done
    }

    async fn renew(&mut self) -> std::convert::Infallible {
        loop {
            sleep(RENEWAL).await;
            if self.notice.is_none()
                && let Err(error) = self.take().await
            {
                log::warn!("cannot renew the mark that {} is in use: {error}", self.id);
            }
        }
    }

    async fn take(&mut self) -> Result<(), BlobError> {
        let until = Timestamp::now() + TERM;
        let (number, ..) = Uuid::new_v4().as_fields();
        let file = lease_file(until, number);
        let content = json!({ "until": until, "purpose": self.purpose });
        let name = self.source_backups.path(self.id, &file);
        self.names.push(name.clone());
        let content = Bytes::from(content.to_string());
        self.source_backups.blobs.create(&name, content).await
    }

    /// A lease that the store keeps ends by itself.
    async fn release(self) {
        for name in &self.names {
            if let Err(error) = self.source_backups.blobs.delete(name).await {
                log::warn!("{name} stays until it ends: {error}");
            }
        }
    }
}
