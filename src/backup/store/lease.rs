//! Leases: pruning does not delete a backup that is being restored, checked or downloaded.
//!
//! A lease is a blob beside the backup. Its name says until when it holds. Pruning announces a deletion in
//! the same way. A reader creates its lease and then looks for announcements; pruning creates its
//! announcement and then looks for leases and holds. A store lists a blob from the moment that it was
//! created, so at least one of the two sees the other, on every machine. Pruning that sees a reader
//! withdraws. A reader that sees an announcement waits a moment for that, and fails otherwise, before it
//! reads anything.
//!
//! Pruning deletes nothing of a backup before that, so the backup of a prune that is killed is complete.
//! Leases and announcements of killed programs end by themselves. A later one follows an earlier one, as
//! nothing is overwritten.

use std::pin::pin;
use std::time::Duration;

use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use tokio::time::sleep;
use uuid::Uuid;

use super::error::StoreError;
use super::marks::{ANNOUNCEMENT, LEASE, end, file_until};
use super::source_backups::{SourceBackups, Stored};
use crate::blob::{BlobError, Deletion};
use pgarchive::BackupId;

/// Between two leases of a reader. A day of a restore leaves some 150 blobs in a container that is
/// immutable.
const RENEWAL: Duration = Duration::from_mins(10);

/// How long a lease or an announcement holds. The clocks of two machines may differ by the half of it.
const TERM: SignedDuration = SignedDuration::from_mins(40);

/// A lease of a backup, or the announcement of its deletion.
pub(in crate::backup) struct Lease<'a> {
    source_backups: &'a SourceBackups,
    id: &'a BackupId,
    /// [`LEASE`] or [`ANNOUNCEMENT`].
    kind: &'static str,
    purpose: &'static str,
    /// The blobs that may be in the store.
    names: Vec<String>,
    /// Why pruning may delete the backup all the same, if so.
    pub(in crate::backup) notice: Option<String>,
}

impl SourceBackups {
    /// Takes a lease of a backup. In a full store, or without the right to write, there is none: the notice says so.
    ///
    /// # Errors
    /// [`StoreError::Unknown`] if the backup was deleted just now, and
    /// [`StoreError::BeingDeleted`] if pruning is about to.
    pub(in crate::backup) async fn lease<'a>(
        &'a self,
        stored: &'a Stored,
        purpose: &'static str,
    ) -> Result<Lease<'a>, StoreError> {
        let lease = self.lease_unfinished(&stored.id, purpose).await?;
        if let Err(error) = self.require_undeleted(&stored.id).await {
            lease.release().await;
            return Err(error);
        }
        Ok(lease)
    }

    /// Takes a lease of a folder that has no manifest yet, so that it is not swept.
    pub(super) async fn lease_unfinished<'a>(
        &'a self,
        id: &'a BackupId,
        purpose: &'static str,
    ) -> Result<Lease<'a>, StoreError> {
        let mut lease = Lease::of(self, id, LEASE, purpose);
        match lease.take().await {
            Err(
                BlobError::Denied { reason, .. }
                | BlobError::Kept { reason, .. }
                | BlobError::Full { reason, .. },
            ) => {
                let text = format!(
                    "the store takes no mark that {id} is in use ({reason}): do not prune meanwhile",
                );
                log::warn!("{text}");
                lease.notice = Some(text);
            }
            taken => taken?,
        }
        Ok(lease)
    }

    /// Announces that this backup is about to be deleted. A full store takes no announcement, and
    /// only the deletion makes space in it.
    pub(super) async fn announce_deletion<'a>(
        &'a self,
        id: &'a BackupId,
    ) -> Result<Lease<'a>, BlobError> {
        let mut announcement = Lease::of(self, id, ANNOUNCEMENT, "prune");
        match announcement.take().await {
            Err(BlobError::Full { .. }) => {}
            taken => taken?,
        }
        Ok(announcement)
    }

    /// Deletes the announcements of earlier prunes. Returns the store's reason if it keeps one: then it
    /// keeps the backup as well, and each new announcement would be one blob more.
    pub(super) async fn clear_announcements(
        &self,
        stored: &Stored,
        now: Timestamp,
    ) -> Result<Option<String>, BlobError> {
        let is_old = |file: &&String| end(file, ANNOUNCEMENT).is_some_and(|end| end <= now);
        for file in stored.files.keys().filter(is_old) {
            let path = self.path(&stored.id, file);
            if let Deletion::Refused(reason) = self.blobs.delete(&path).await? {
                return Ok(Some(reason));
            }
        }
        Ok(None)
    }
}

impl<'a> Lease<'a> {
    /// It is not in the store yet.
    fn of(
        source_backups: &'a SourceBackups,
        id: &'a BackupId,
        kind: &'static str,
        purpose: &'static str,
    ) -> Lease<'a> {
        Lease {
            source_backups,
            id,
            kind,
            purpose,
            names: Vec::new(),
            notice: None,
        }
    }

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
        let file = file_until(self.kind, until, number);
        let content = json!({ "until": until, "purpose": self.purpose });
        let name = self.source_backups.path(self.id, &file);
        self.names.push(name.clone());
        let content = Bytes::from(content.to_string());
        self.source_backups.blobs.create(&name, content).await
    }

    /// Deletes its blobs. Those that the store keeps end by themselves.
    pub(super) async fn release(self) {
        for name in &self.names {
            if let Err(error) = self.source_backups.blobs.delete(name).await {
                log::warn!("{name} stays until it ends: {error}");
            }
        }
    }
}
