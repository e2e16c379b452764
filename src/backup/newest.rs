//! The newest backups of a source.

use jiff::{SignedDuration, Timestamp};
use tokio::sync::Mutex;

use super::backups::{Backups, Location};
use super::settings::SourceName;
use super::store::{Selection, VERIFIED};
use pgarchive::BackupId;

/// The newest backups of a source, from the names in the store alone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Newest {
    pub(super) begun: Option<Timestamp>,
    pub(super) verified: Option<Timestamp>,
    /// A backup that a machine with a wrong clock made.
    pub(super) of_the_future: Option<BackupId>,
    /// The newest backup of the past.
    id: Option<BackupId>,
}

/// The newest backups of a source as numbers, for metrics.
#[derive(Clone, Debug)]
pub struct SourceNumbers {
    pub source: String,
    pub begun: Option<Timestamp>,
    pub verified: Option<Timestamp>,
    /// From the manifest of the newest backup, if it is readable.
    pub newest: Option<BackupNumbers>,
    id: Option<BackupId>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BackupNumbers {
    pub stored_bytes: u64,
    pub rows: u64,
    pub milliseconds: u64,
    pub findings: usize,
}

/// Reads the numbers of the sources, at most once a minute, and each manifest once.
pub struct BackupOverview {
    backups: Backups,
    last: Mutex<Option<(Timestamp, Vec<SourceNumbers>)>>,
}

/// How long the numbers are cached.
const CACHED: SignedDuration = SignedDuration::from_mins(1);

impl Backups {
    pub(super) async fn newest(
        &self,
        location: Location,
        source: &SourceName,
        now: Timestamp,
    ) -> Result<Newest, String> {
        let source_backups = self.of_source(location, source);
        let source_backups = source_backups.map_err(|error| error.to_string())?;
        let names = source_backups.names().await;
        let names = names.map_err(|error| error.to_string())?;
        let (future, names): (Vec<_>, Vec<_>) = names
            .into_iter()
            .partition(|it| it.id.is_of_the_future(now));
        let verified = names.iter().find(|it| it.files.contains_key(VERIFIED));
        Ok(Newest {
            begun: names.first().map(|it| it.id.started()),
            verified: verified.map(|it| it.id.started()),
            of_the_future: future.into_iter().next().map(|it| it.id),
            id: names.into_iter().next().map(|it| it.id),
        })
    }
}

impl BackupOverview {
    pub fn new(backups: Backups) -> BackupOverview {
        BackupOverview {
            backups,
            last: Mutex::new(None),
        }
    }

    /// The numbers of each configured source.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn read(&self) -> Result<Vec<SourceNumbers>, String> {
        let now = (self.backups.clock())();
        let mut last = self.last.lock().await;
        if let Some((at, sources)) = &*last
            && now.duration_since(*at).abs() < CACHED
        {
            return Ok(sources.clone());
        }
        let before = last.as_ref().map_or(&[][..], |(_, sources)| sources);
        let mut sources = Vec::new();
        for source in &self.backups.settings().sources {
            sources.push(self.numbers(&source.name, now, before).await?);
        }
        *last = Some((now, sources.clone()));
        Ok(sources)
    }

    async fn numbers(
        &self,
        source: &SourceName,
        now: Timestamp,
        before: &[SourceNumbers],
    ) -> Result<SourceNumbers, String> {
        let found = self.backups.newest(Location::Original, source, now).await?;
        let source_of = |it: &&SourceNumbers| it.source == source.as_str() && it.id == found.id;
        let newest = match (before.iter().find(source_of), &found.id) {
            (Some(before), _) => before.newest,
            (None, Some(id)) => self.manifest(source, id).await?,
            (None, None) => None,
        };
        Ok(SourceNumbers {
            source: source.to_string(),
            begun: found.begun,
            verified: found.verified,
            newest,
            id: found.id,
        })
    }

    async fn manifest(
        &self,
        source: &SourceName,
        id: &BackupId,
    ) -> Result<Option<BackupNumbers>, String> {
        let source_backups = self.backups.of_source(Location::Original, source);
        let source_backups = source_backups.map_err(|error| error.to_string())?;
        let stored = source_backups.find(&Selection::Named(id.clone())).await;
        let stored = stored.map_err(|error| error.to_string())?;
        Ok(stored.manifest.ok().map(|manifest| BackupNumbers {
            stored_bytes: manifest.stored_bytes(),
            rows: manifest.rows(),
            milliseconds: manifest.milliseconds.total,
            findings: manifest.findings.len(),
        }))
    }
}
