//! The backups of one source in the store.
//!
//! A folder without a manifest is not a backup and is ignored here: an export is running in it, or died
//! in it, or pruning has deleted its manifest first.

use std::collections::BTreeMap;
use std::str::FromStr;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt, stream};
use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::time::{Instant, sleep};

use super::error::StoreError;
use super::marks::{Files, HOLD, Hold, VERIFIED, Verified, deleted_until, is_leased};
use super::retention::{Candidate, IN_USE, State};
use crate::backup::settings::SourceName;
use crate::blob::{BlobError, Blobs, Deletion};
use pgarchive::manifest::{self, MANIFEST, Manifest};
use pgarchive::{BackupId, BackupIdError};

/// Clones share the store.
#[derive(Clone)]
pub struct SourceBackups {
    pub(in crate::backup) blobs: Blobs,
    pub(in crate::backup) source: SourceName,
}

#[derive(Clone, Debug)]
pub struct Stored {
    pub id: BackupId,
    /// The manifest, or why it cannot be read.
    pub manifest: Result<Manifest, String>,
    pub verified: Option<Verified>,
    pub hold: Option<Hold>,
    pub files: Files,
}

/// A backup of which only the names of its files were read.
#[derive(Clone, Debug)]
pub struct Listed {
    pub id: BackupId,
    pub files: Files,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Selection {
    Latest,
    Named(BackupId),
}

impl Stored {
    pub fn state(&self) -> State {
        match &self.manifest {
            Err(_) => State::Unreadable,
            Ok(manifest) if manifest.findings.is_empty() => State::Whole,
            Ok(_) => State::Degraded,
        }
    }

    /// The manifest, or [`StoreError::Unreadable`].
    pub fn readable(&self) -> Result<&Manifest, StoreError> {
        let manifest = self.manifest.as_ref();
        manifest.map_err(|reason| StoreError::Unreadable {
            id: self.id.clone(),
            reason: reason.clone(),
        })
    }

    pub fn bytes(&self) -> u64 {
        self.files.values().sum()
    }

    /// Until when its deletion is announced, if it is at `now`.
    pub fn deleted_until(&self, now: Timestamp) -> Option<Timestamp> {
        deleted_until(&self.files, now)
    }

    pub fn candidate(&self, now: Timestamp) -> Candidate {
        Candidate {
            id: self.id.clone(),
            state: self.state(),
            verified: self.verified.is_some(),
            hold: self.hold.as_ref().map(|hold| hold.reason.clone()),
            in_use: is_leased(&self.files, now),
        }
    }
}

impl FromStr for Selection {
    type Err = BackupIdError;

    fn from_str(text: &str) -> Result<Selection, BackupIdError> {
        match text {
            "latest" => Ok(Selection::Latest),
            id => id.parse().map(Selection::Named),
        }
    }
}

/// The size of the largest mark, in bytes. A proof has a line for each table, as the manifest does.
const MARK_LIMIT: u64 = manifest::LIMIT;

/// The time that a reader or a hold gives to pruning to see it and to withdraw.
const WITHDRAWAL: Duration = Duration::from_secs(3);

/// Between two looks for a prune that withdraws.
const PAUSE: Duration = Duration::from_millis(100);

/// Backups that are read at the same time.
pub(super) const AT_A_TIME: usize = 8;

impl SourceBackups {
    pub fn new(blobs: Blobs, source: SourceName) -> SourceBackups {
        SourceBackups { blobs, source }
    }

    /// The name of the blob.
    pub fn path(&self, id: &BackupId, file: &str) -> String {
        format!("{}/{id}/{file}", self.source)
    }

    /// All backups, the newest first, from the names of the files alone.
    pub async fn names(&self) -> Result<Vec<Listed>, StoreError> {
        let mut folders: BTreeMap<BackupId, Files> = BTreeMap::new();
        for blob in self.blobs.list(self.source.as_str()).await? {
            let below = blob.name.strip_prefix(self.source.as_str());
            let below = below.and_then(|rest| rest.strip_prefix('/')?.split_once('/'));
            let Some((folder, file)) = below else {
                continue;
            };
            if let Ok(id) = folder.parse() {
                let files = folders.entry(id).or_default();
                files.insert(file.to_owned(), blob.bytes);
            }
        }
        folders.retain(|_, files| files.contains_key(MANIFEST));
        let newest_first = folders.into_iter().rev();
        Ok(newest_first
            .map(|(id, files)| Listed { id, files })
            .collect())
    }

    /// All backups, the newest first, including those whose manifest cannot be read.
    pub async fn all(&self) -> Result<Vec<Stored>, StoreError> {
        let names = self.names().await?;
        let reading = names.into_iter().map(|it| self.stored(it));
        stream::iter(reading)
            .buffered(AT_A_TIME)
            .try_collect()
            .await
    }

    pub async fn find(&self, selection: &Selection) -> Result<Stored, StoreError> {
        let backups = self.names().await?;
        let Selection::Named(wanted) = selection else {
            return self.newest(backups).await;
        };
        let found = backups.into_iter().find(|it| it.id == *wanted);
        let found = found.ok_or_else(|| self.unknown(format!("named {wanted}")))?;
        self.stored(found).await
    }

    /// The newest one. If it cannot be read, the error names an older one: `latest` never selects an older
    /// one silently.
    async fn newest(&self, backups: Vec<Listed>) -> Result<Stored, StoreError> {
        let mut newest: Option<(BackupId, String)> = None;
        for listed in backups {
            let stored = self.stored(listed).await?;
            match (&stored.manifest, newest) {
                (Ok(_), None) => return Ok(stored),
                (Ok(_), Some((id, reason))) => {
                    return Err(StoreError::NewestUnreadable {
                        id,
                        reason,
                        readable: stored.id,
                    });
                }
                (Err(reason), None) => newest = Some((stored.id.clone(), reason.clone())),
                (Err(_), found) => newest = found,
            }
        }
        Err(match newest {
            None => self.unknown("at all".to_owned()),
            Some((id, reason)) => StoreError::Unreadable { id, reason },
        })
    }

    /// The newest verified one, if there is one.
    pub async fn newest_verified(&self) -> Result<Option<Stored>, StoreError> {
        let backups = self.names().await?;
        let found = backups
            .into_iter()
            .find(|it| it.files.contains_key(VERIFIED));
        match found {
            None => Ok(None),
            Some(found) => Ok(Some(self.stored(found).await?)),
        }
    }

    fn unknown(&self, wanted: String) -> StoreError {
        StoreError::Unknown {
            source_name: self.source.clone(),
            wanted,
        }
    }

    pub(super) async fn stored(&self, Listed { id, files }: Listed) -> Result<Stored, StoreError> {
        let manifest = self.manifest(&id).await?;
        Ok(Stored {
            verified: self.mark(&id, VERIFIED, &files).await?,
            hold: match self.mark(&id, HOLD, &files).await? {
                None if files.contains_key(HOLD) => Some(unreadable_hold(&id)),
                hold => hold,
            },
            manifest,
            files,
            id,
        })
    }

    async fn manifest(&self, id: &BackupId) -> Result<Result<Manifest, String>, BlobError> {
        let path = self.path(id, MANIFEST);
        let text = match self.blobs.read(&path, manifest::LIMIT).await {
            Err(BlobError::Missing { .. }) => return Ok(Err("it was just deleted".to_owned())),
            // This is not an error of the store: other backups can be read.
            Err(error @ BlobError::TooLarge { .. }) => return Ok(Err(error.to_string())),
            read => read?,
        };
        Ok(checked(&text, id))
    }

    async fn mark<T: DeserializeOwned>(
        &self,
        id: &BackupId,
        file: &str,
        files: &Files,
    ) -> Result<Option<T>, BlobError> {
        if !files.contains_key(file) {
            return Ok(None);
        }
        match self.blobs.read(&self.path(id, file), MARK_LIMIT).await {
            Ok(text) => Ok(serde_json::from_slice(&text).ok()),
            Err(BlobError::Missing { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Marks a backup as verified. An earlier mark stays.
    pub async fn mark_verified(&self, id: &BackupId, verified: &Verified) -> Result<(), BlobError> {
        match self.write(id, VERIFIED, verified).await {
            Err(BlobError::Exists { .. }) => Ok(()),
            written => written,
        }
    }

    /// Keeps a backup until it is released, unless pruning deletes it.
    pub async fn hold(&self, id: &BackupId, hold: &Hold) -> Result<(), StoreError> {
        match self.write(id, HOLD, hold).await {
            Err(BlobError::Exists { .. }) => {
                return Err(StoreError::HeldAlready(id.clone()));
            }
            written => written?,
        }
        if let Err(error) = self.require_undeleted(id).await {
            self.release(id).await?;
            return Err(error);
        }
        Ok(())
    }

    /// Fails if pruning has deleted the backup or is about to. Pruning that sees the caller's lease or hold
    /// withdraws within a moment, unless it has looked before.
    pub(super) async fn require_undeleted(&self, id: &BackupId) -> Result<(), StoreError> {
        let deadline = Instant::now() + WITHDRAWAL;
        loop {
            let files = self.files(id).await?;
            if !files.contains_key(MANIFEST) {
                return Err(
                    self.unknown(format!("named {id} any more, because it was just deleted"))
                );
            }
            match unannounced(id, &files) {
                Err(_) if Instant::now() <= deadline => sleep(PAUSE).await,
                result => return result,
            }
        }
    }

    /// Fails if pruning has announced the deletion of the backup, which may have no manifest any more.
    pub(super) async fn require_unannounced(&self, id: &BackupId) -> Result<(), StoreError> {
        unannounced(id, &self.files(id).await?)
    }

    /// The files in a backup's folder.
    pub(super) async fn files(&self, id: &BackupId) -> Result<Files, StoreError> {
        let folder = format!("{}/{id}", self.source);
        let blobs = self.blobs.list(&folder).await?.into_iter();
        let files = blobs.filter_map(|blob| {
            let (_, name) = blob.name.rsplit_once('/')?;
            Some((name.to_owned(), blob.bytes))
        });
        Ok(files.collect())
    }

    /// Deletes the hold of a backup.
    pub async fn release(&self, id: &BackupId) -> Result<Deletion, StoreError> {
        Ok(self.blobs.delete(&self.path(id, HOLD)).await?)
    }

    async fn write<T: Serialize>(
        &self,
        id: &BackupId,
        file: &str,
        mark: &T,
    ) -> Result<(), BlobError> {
        let text = serde_json::to_vec_pretty(mark).expect("texts and numbers always serialize");
        self.blobs
            .create(&self.path(id, file), Bytes::from(text))
            .await
    }
}

fn unannounced(id: &BackupId, files: &Files) -> Result<(), StoreError> {
    match deleted_until(files, Timestamp::now()) {
        None => Ok(()),
        Some(until) => Err(StoreError::BeingDeleted {
            id: id.clone(),
            until,
        }),
    }
}

/// Why a backup with these files must stay, if it must.
pub(super) fn keeper(files: &Files, now: Timestamp) -> Option<&'static str> {
    if files.contains_key(HOLD) {
        Some("a hold was just placed on it")
    } else if is_leased(files, now) {
        Some(IN_USE)
    } else {
        None
    }
}

fn checked(text: &[u8], id: &BackupId) -> Result<Manifest, String> {
    let manifest: Manifest = Manifest::decode(text)?;
    if manifest.id != *id {
        return Err(format!(
            "it is the manifest of {}, in the wrong folder",
            manifest.id
        ));
    }
    Ok(manifest)
}

/// A hold that cannot be read is in force.
fn unreadable_hold(id: &BackupId) -> Hold {
    Hold {
        reason: "its reason cannot be read".to_owned(),
        since: id.started(),
    }
}
