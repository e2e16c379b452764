//! Summaries of backups, for people and for metrics.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::{StreamExt, TryStreamExt, stream};
use jiff::Timestamp;

use super::error::StoreError;
use super::marks::HOLD;
use super::retention::State;
use super::source_backups::AT_A_TIME;
use super::{Files, Hold, Listed, SourceBackups, Stored, Verified};
use crate::backup::settings::SourceName;
use pgarchive::BackupId;
use pgarchive::manifest::Manifest;

/// A backup in a few values.
#[derive(Clone, Debug)]
pub struct BackupSummary {
    pub id: BackupId,
    pub state: State,
    /// The size of all its files.
    pub bytes: u64,
    pub rows: u64,
    /// How long the export took.
    pub milliseconds: u64,
    /// The objects that it lacks.
    pub findings: Vec<String>,
    /// Why its manifest cannot be read.
    pub error: Option<String>,
    pub verified: Option<Verified>,
    pub hold: Option<Hold>,
    /// When the announcement of its deletion ends, if there is one.
    pub deleted_until: Option<Timestamp>,
}

/// The summaries that were read before. The files of a backup never change, except for its hold: a summary is
/// read again only if the backup has other files than before, or a hold.
#[derive(Default)]
pub struct Summaries {
    known: Mutex<Known>,
}

/// The summary of each backup, with the files that it is of.
type Known = BTreeMap<(SourceName, BackupId), (Files, Arc<BackupSummary>)>;

impl Summaries {
    /// The backups that are not older than `since`, and in any case the newest `least`, the newest first.
    pub(in crate::backup) async fn read(
        &self,
        backups: &SourceBackups,
        since: Timestamp,
        least: usize,
        now: Timestamp,
    ) -> Result<Vec<Arc<BackupSummary>>, StoreError> {
        let names = backups.names().await?;
        self.forget_all_but(&backups.source, &names);
        let wanted = names
            .into_iter()
            .enumerate()
            .take_while(|(place, it)| *place < least || it.id.started() >= since);
        let reading = wanted.map(|(_, listed)| self.one(backups, listed, now));
        stream::iter(reading)
            .buffered(AT_A_TIME)
            .try_collect()
            .await
    }

    pub(in crate::backup) async fn one(
        &self,
        backups: &SourceBackups,
        listed: Listed,
        now: Timestamp,
    ) -> Result<Arc<BackupSummary>, StoreError> {
        let key = (backups.source.clone(), listed.id.clone());
        if !listed.files.contains_key(HOLD)
            && let Some((files, summary)) = self.known().get(&key)
            && *files == listed.files
        {
            return Ok(summary.clone());
        }
        let files = listed.files.clone();
        let summary = Arc::new(BackupSummary::new(backups.stored(listed).await?, now));
        // A manifest that cannot be read may be read later.
        if summary.error.is_none() {
            self.known().insert(key, (files, summary.clone()));
        }
        Ok(summary)
    }

    fn forget_all_but(&self, source: &SourceName, names: &[Listed]) {
        let exists = |id: &BackupId| names.iter().any(|it| it.id == *id);
        self.known()
            .retain(|(of, id), _| of != source || exists(id));
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl BackupSummary {
    fn new(stored: Stored, now: Timestamp) -> BackupSummary {
        let (state, bytes) = (stored.state(), stored.bytes());
        let deleted_until = stored.deleted_until(now);
        let Stored {
            id,
            manifest,
            verified,
            hold,
            ..
        } = stored;
        let of = |value: fn(&Manifest) -> u64| manifest.as_ref().map_or(0, value);
        BackupSummary {
            id,
            state,
            bytes,
            rows: of(Manifest::rows),
            milliseconds: of(|it| it.milliseconds.total),
            error: manifest.as_ref().err().cloned(),
            findings: manifest.map(|it| it.findings).unwrap_or_default(),
            verified,
            hold,
            deleted_until,
        }
    }
}
