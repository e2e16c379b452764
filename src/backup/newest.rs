//! The newest backups of a source.

use std::sync::Arc;

use jiff::Timestamp;

use super::backups::Backups;
use super::settings::{Location, SourceName};
use super::store::{BackupSummary, Listed, StoreError, VERIFIED};
use crate::clock::Cached;
use pgarchive::BackupId;

/// The newest backups of a source, from the names in the store alone.
pub(super) struct Newest {
    pub(super) begun: Option<Timestamp>,
    pub(super) verified: Option<Timestamp>,
    /// A backup that a machine with a wrong clock made.
    pub(super) of_the_future: Option<BackupId>,
    /// The newest backup of the past.
    listed: Option<Listed>,
}

/// The newest backups of a source as numbers, for metrics.
#[derive(Clone, Debug)]
pub struct SourceNumbers {
    pub source: String,
    pub begun: Option<Timestamp>,
    pub verified: Option<Timestamp>,
    /// The newest backup, if its manifest is readable.
    pub newest: Option<Arc<BackupSummary>>,
}

/// Reads the numbers of the sources, at most once a minute, and each manifest once.
pub struct BackupOverview {
    backups: Backups,
    last: Cached<Vec<SourceNumbers>>,
}

impl Backups {
    pub(super) async fn newest(
        &self,
        location: Location,
        source: &SourceName,
        now: Timestamp,
    ) -> Result<Newest, StoreError> {
        let names = self.of_source(location, source)?.names().await?;
        let (future, past): (Vec<_>, Vec<_>) = names
            .into_iter()
            .partition(|it| it.id.is_of_the_future(now));
        let verified = past.iter().find(|it| it.files.contains_key(VERIFIED));
        Ok(Newest {
            begun: past.first().map(|it| it.id.started()),
            verified: verified.map(|it| it.id.started()),
            of_the_future: future.into_iter().next().map(|it| it.id),
            listed: past.into_iter().next(),
        })
    }
}

impl BackupOverview {
    pub fn new(backups: Backups) -> BackupOverview {
        BackupOverview {
            backups,
            last: Cached::default(),
        }
    }

    /// The numbers of each configured source.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn read(&self) -> Result<Vec<SourceNumbers>, StoreError> {
        let now = (self.backups.clock())();
        let reading = async {
            let mut sources = Vec::new();
            for source in &self.backups.settings().sources {
                sources.push(self.numbers(&source.name, now).await?);
            }
            Ok(sources)
        };
        self.last.get(now, reading).await
    }

    async fn numbers(
        &self,
        source: &SourceName,
        now: Timestamp,
    ) -> Result<SourceNumbers, StoreError> {
        let found = self.backups.newest(Location::Original, source, now).await?;
        let newest = match found.listed {
            Some(listed) => Some(self.backups.summary(source, listed).await?),
            None => None,
        };
        Ok(SourceNumbers {
            source: source.to_string(),
            begun: found.begun,
            verified: found.verified,
            newest: newest.filter(|it| it.error.is_none()),
        })
    }
}
