//! Whether a backup's files are those that were stored: sizes and SHA-256 of each, by the manifest.
//!
//! It needs no key: the hashes are of the files as they lie in the store, encrypted or not. That
//! their content restores is another question, which a restore answers.

use std::fmt;

use futures_util::{StreamExt, TryStreamExt, stream};
use serde::Serialize;
use tokio_util::sync::CancellationToken;

use super::source_backups::{SourceBackups, SourceBackupsError, Stored};
use crate::blob::BlobError;
use pgarchive::BackupId;
use pgarchive::digest::Digest;
use pgarchive::manifest::File;

/// What is wrong with one file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Damage {
    /// The file.
    pub file: String,
    /// What differs.
    pub text: String,
}

impl fmt::Display for Damage {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.file, self.text)
    }
}

/// How many files are read at a time?
const AT_A_TIME: usize = 4;

impl SourceBackups {
    /// Reads every file of a backup, which cannot be pruned meanwhile, and compares it with the manifest.
    /// Returns what differs. `progress` gets the number of bytes of each piece. The cancellation of
    /// `stop` ends it early.
    pub async fn verify(
        &self,
        stored: &Stored,
        stop: &CancellationToken,
        progress: &(dyn Fn(u64) + Send + Sync),
    ) -> Result<Vec<Damage>, SourceBackupsError> {
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
    ) -> Result<Vec<Damage>, SourceBackupsError> {
        let mut looking = Vec::new();
        for file in &stored.readable()?.files {
            looking.push(self.damage(&stored.id, file, progress));
        }
        let damages = stream::iter(looking).buffered(AT_A_TIME);
        let damages: Vec<Option<Damage>> = damages.try_collect().await?;
        Ok(damages.into_iter().flatten().collect())
    }

    async fn damage(
        &self,
        id: &BackupId,
        file: &File,
        progress: &(dyn Fn(u64) + Send + Sync),
    ) -> Result<Option<Damage>, BlobError> {
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

/// A file as it is read, beside what was stored.
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

    /// Takes the next bytes.
    pub(super) fn add(&mut self, part: &[u8]) {
        self.read.update(part);
    }

    /// Says that there is nothing to read.
    pub(super) fn missing(&self) -> Damage {
        self.says("it is missing".to_owned())
    }

    /// What differs, now that all is read.
    pub(super) fn damage(self) -> Option<Damage> {
        let (bytes, stored) = (self.read.bytes(), self.stored.stored_bytes);
        if bytes != stored {
            return Some(self.says(format!("it has {bytes} bytes, and {stored} were stored")));
        }
        if self.read.sha256() != self.stored.stored_sha256 {
            return Some(self.says("its SHA-256 is not that of what was stored".to_owned()));
        }
        None
    }

    fn says(&self, text: String) -> Damage {
        Damage {
            file: self.stored.name.clone(),
            text,
        }
    }
}
