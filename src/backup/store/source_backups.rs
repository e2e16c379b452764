//! The backups of one source in the store.
//!
//! A folder without a manifest is no backup and is not seen here: a run is under way in it, or it
//! was left by one that died, or its manifest was deleted first, as pruning does.

use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;

use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt, stream};
use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;
use thiserror::Error;

use super::marks::{HOLD, Hold, VERIFIED, Verified, is_leased};
use super::retention::{Candidate, IN_USE, State};
use crate::backup::settings::SourceName;
use crate::blob::{BlobError, Blobs, Deletion};
use pgarchive::manifest::{self, MANIFEST, Manifest};
use pgarchive::{BackupId, BackupIdError};

/// One source's backups. Clones share the store.
#[derive(Clone)]
pub struct SourceBackups {
    pub(in crate::backup) blobs: Blobs,
    pub(in crate::backup) source: SourceName,
}

/// A backup in the store.
#[derive(Clone, Debug)]
pub struct Stored {
    /// Its name.
    pub id: BackupId,
    /// Its manifest, or why that cannot be read.
    pub manifest: Result<Manifest, String>,
    /// That it was restored and compared.
    pub verified: Option<Verified>,
    /// That it must stay.
    pub hold: Option<Hold>,
    /// The files in its folder, with their sizes.
    pub files: BTreeMap<String, u64>,
}

/// Which backup is meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Selection {
    /// The newest one.
    Latest,
    /// This one.
    Named(BackupId),
}

/// Why a backup could not be had.
#[derive(Debug, Error)]
pub enum SourceBackupsError {
    /// The store.
    #[error("the store of backups: {0}")]
    Store(#[from] BlobError),
    /// There is none of that name.
    #[error("{source_name} has no backup {wanted}; see `magnusapi backup list`")]
    Unknown {
        /// The source.
        source_name: SourceName,
        /// What was asked for.
        wanted: String,
    },
    /// It cannot be read.
    #[error("the manifest of {id} cannot be read: {reason}")]
    Unreadable {
        /// Which one.
        id: BackupId,
        /// Why.
        reason: String,
    },
    /// The newest one cannot be read, and an older one can.
    #[error(
        "the newest backup, {id}, cannot be read: {reason}; to use the newest one that can, name it: \
         {readable}"
    )]
    NewestUnreadable {
        /// The newest one.
        id: BackupId,
        /// Why.
        reason: String,
        /// The newest one that can be read.
        readable: BackupId,
    },
    /// It is under a hold already.
    #[error("{0} is under a hold already; release it first")]
    HeldAlready(BackupId),
    /// SIGINT or SIGTERM came.
    #[error("interrupted")]
    Interrupted,
}

impl Stored {
    /// What it carries.
    pub fn state(&self) -> State {
        match &self.manifest {
            Err(_) => State::Unreadable,
            Ok(manifest) if manifest.findings.is_empty() => State::Whole,
            Ok(_) => State::Degraded,
        }
    }

    /// Its manifest.
    ///
    /// # Errors
    /// [`SourceBackupsError::Unreadable`].
    pub fn readable(&self) -> Result<&Manifest, SourceBackupsError> {
        let manifest = self.manifest.as_ref();
        manifest.map_err(|reason| SourceBackupsError::Unreadable {
            id: self.id.clone(),
            reason: reason.clone(),
        })
    }

    /// How many bytes its files have.
    pub fn bytes(&self) -> u64 {
        self.files.values().sum()
    }

    /// What retention is to know of it at `now`.
    pub fn candidate(&self, now: Timestamp) -> Candidate {
        Candidate {
            id: self.id.clone(),
            state: self.state(),
            verified: self.verified.is_some(),
            hold: self.hold.as_ref().map(|hold| hold.reason.clone()),
            in_use: is_leased(self.files.keys().map(String::as_str), now),
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

/// What stands beside a backup is a few lines.
const MARK_LIMIT: u64 = 64 * 1024;

/// How many backups are read at a time?
const AT_A_TIME: usize = 8;

impl SourceBackups {
    /// The backups of `source` in `blobs`.
    pub fn new(blobs: Blobs, source: SourceName) -> SourceBackups {
        SourceBackups { blobs, source }
    }

    /// The name of a blob of a backup.
    pub fn path(&self, id: &BackupId, file: &str) -> String {
        format!("{}/{id}/{file}", self.source)
    }

    /// Which backups there are, the newest first, each with the files in its folder. Reads nothing
    /// but names.
    pub async fn names(&self) -> Result<Vec<(BackupId, BTreeMap<String, u64>)>, BlobError> {
        let mut folders: BTreeMap<BackupId, BTreeMap<String, u64>> = BTreeMap::new();
        for blob in self.blobs.list(self.source.as_str()).await? {
            let below = blob.name.strip_prefix(self.source.as_str());
            let below = below.and_then(|rest| rest.strip_prefix('/')?.split_once('/'));
            let Some((folder, file)) = below else {
                continue;
            };
            if let Ok(id) = folder.parse() {
                let files: &mut BTreeMap<String, u64> = folders.entry(id).or_default();
                files.insert(file.to_owned(), blob.bytes);
            }
        }
        folders.retain(|_, files| files.contains_key(MANIFEST));
        Ok(folders.into_iter().rev().collect())
    }

    /// All backups, the newest first. One whose manifest cannot be read is among them.
    pub async fn all(&self) -> Result<Vec<Stored>, BlobError> {
        let names = self.names().await?;
        let reading = names.into_iter().map(|(id, files)| self.stored(id, files));
        stream::iter(reading)
            .buffered(AT_A_TIME)
            .try_collect()
            .await
    }

    /// The backup that is meant.
    pub async fn find(&self, selection: &Selection) -> Result<Stored, SourceBackupsError> {
        let backups = self.names().await?;
        let Selection::Named(wanted) = selection else {
            return self.newest(backups).await;
        };
        let found = backups.into_iter().find(|(id, _)| id == wanted);
        let (id, files) = found.ok_or_else(|| self.unknown(format!("named {wanted}")))?;
        Ok(self.stored(id, files).await?)
    }

    /// The newest one. If it cannot be read, an older one is named and not returned: whoever asks for
    /// the latest expects the latest.
    async fn newest(
        &self,
        backups: Vec<(BackupId, BTreeMap<String, u64>)>,
    ) -> Result<Stored, SourceBackupsError> {
        let mut newest: Option<(BackupId, String)> = None;
        for (id, files) in backups {
            let stored = self.stored(id, files).await?;
            match (&stored.manifest, newest) {
                (Ok(_), None) => return Ok(stored),
                (Ok(_), Some((id, reason))) => {
                    return Err(SourceBackupsError::NewestUnreadable {
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
            Some((id, reason)) => SourceBackupsError::Unreadable { id, reason },
        })
    }

    fn unknown(&self, wanted: String) -> SourceBackupsError {
        SourceBackupsError::Unknown {
            source_name: self.source.clone(),
            wanted,
        }
    }

    async fn stored(
        &self,
        id: BackupId,
        files: BTreeMap<String, u64>,
    ) -> Result<Stored, BlobError> {
        let present: BTreeSet<&str> = files.keys().map(String::as_str).collect();
        let manifest = self.manifest(&id).await?;
        Ok(Stored {
            verified: self.mark(&id, VERIFIED, &present).await?,
            hold: match self.mark(&id, HOLD, &present).await? {
                None if present.contains(HOLD) => Some(unreadable_hold(&id)),
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
            Err(BlobError::Missing { .. }) => return Ok(Err("it was deleted just now".to_owned())),
            // Not an error of the store: the other backups can be read.
            Err(error @ BlobError::TooLarge { .. }) => return Ok(Err(error.to_string())),
            read => read?,
        };
        Ok(checked(&text, id))
    }

    async fn mark<T: DeserializeOwned>(
        &self,
        id: &BackupId,
        file: &str,
        present: &BTreeSet<&str>,
    ) -> Result<Option<T>, BlobError> {
        if !present.contains(file) {
            return Ok(None);
        }
        match self.blobs.read(&self.path(id, file), MARK_LIMIT).await {
            Ok(text) => Ok(serde_json::from_slice(&text).ok()),
            Err(BlobError::Missing { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Says that a backup was restored and compared. Said once already, it stays said.
    pub async fn mark_verified(&self, id: &BackupId, verified: &Verified) -> Result<(), BlobError> {
        match self.write(id, VERIFIED, verified).await {
            Err(BlobError::Exists { .. }) => Ok(()),
            written => written,
        }
    }

    /// Keeps a backup until it is released. One whose manifest has gone meanwhile is none any more.
    pub async fn hold(&self, id: &BackupId, hold: &Hold) -> Result<(), SourceBackupsError> {
        match self.write(id, HOLD, hold).await {
            Err(BlobError::Exists { .. }) => {
                return Err(SourceBackupsError::HeldAlready(id.clone()));
            }
            written => written?,
        }
        if let Err(error) = self.require_manifest(id).await {
            self.release(id).await?;
            return Err(error);
        }
        Ok(())
    }

    /// Fails if the manifest has gone.
    pub(super) async fn require_manifest(&self, id: &BackupId) -> Result<(), SourceBackupsError> {
        if self.files(id).await?.contains(MANIFEST) {
            return Ok(());
        }
        Err(self.unknown(format!("named {id} any more: it was deleted just now")))
    }

    /// Why a backup must stay at this moment, if it must.
    pub(super) async fn keeper(
        &self,
        id: &BackupId,
        now: Timestamp,
    ) -> Result<Option<&'static str>, BlobError> {
        let files = self.files(id).await?;
        Ok(if files.contains(HOLD) {
            Some("a hold was just placed on it")
        } else if is_leased(files.iter().map(String::as_str), now) {
            Some(IN_USE)
        } else {
            None
        })
    }

    /// The names of the files in a backup's folder.
    async fn files(&self, id: &BackupId) -> Result<BTreeSet<String>, BlobError> {
        let folder = format!("{}/{id}", self.source);
        let blobs = self.blobs.list(&folder).await?;
        let names = blobs.iter().filter_map(|blob| blob.name.rsplit('/').next());
        Ok(names.map(str::to_owned).collect())
    }

    /// Lets a backup go. A store that keeps the hold itself refuses.
    pub async fn release(&self, id: &BackupId) -> Result<Deletion, BlobError> {
        self.blobs.delete(&self.path(id, HOLD)).await
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

/// A hold that cannot be read still holds.
fn unreadable_hold(id: &BackupId) -> Hold {
    Hold {
        reason: "its reason cannot be read".to_owned(),
        since: id.started(),
    }
}
