//! The newest backups of each configured source, for health and for metrics.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{join, join_all};
use jiff::Timestamp;
use tokio::time::timeout;

use super::backups::Backups;
use super::settings::{Location, SourceName};
use super::store::{BackupSummary, Newest, NewestOf};

/// The newest backups of a source as numbers, for metrics.
#[derive(Clone, Debug)]
pub struct SourceNumbers {
    pub source: String,
    pub begun: Option<Timestamp>,
    pub verified: Option<Timestamp>,
    /// The newest backup, if its manifest is readable.
    pub newest: Option<Arc<BackupSummary>>,
}

/// The time limit for a store, which is shorter than that of any probe.
const DEADLINE: Duration = Duration::from_secs(2);

impl Backups {
    /// The newest backups of each configured source. Reads them at most once a minute, unless this process changes
    /// them meanwhile.
    pub(super) async fn newest(&self) -> Arc<[NewestOf]> {
        let now = (self.clock())();
        let reading = async {
            let sources = self.settings().sources.iter();
            let newest = join_all(sources.map(|it| self.newest_of(&it.name, now))).await;
            Ok::<_, Infallible>(newest.into())
        };
        let Ok(newest) = self.last_newest().get(now, reading).await;
        newest
    }

    /// The numbers of each configured source. Each manifest is read once.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn numbers(&self) -> Result<Vec<SourceNumbers>, String> {
        let mut numbers = Vec::new();
        for NewestOf {
            source, original, ..
        } in &*self.newest().await
        {
            let found = original.as_ref().map_err(String::clone)?;
            let newest = match &found.listed {
                Some(listed) => Some(self.summary(source, listed.clone()).await),
                None => None,
            };
            let newest = newest.transpose().map_err(|error| error.to_string())?;
            numbers.push(SourceNumbers {
                source: source.to_string(),
                begun: found.begun,
                verified: found.verified,
                newest: newest.filter(|it| it.error.is_none()),
            });
        }
        Ok(numbers)
    }

    async fn newest_of(&self, source: &SourceName, now: Timestamp) -> NewestOf {
        let copy = async {
            match self.settings().copy {
                Some(_) => Some(self.newest_in(Location::Copy, source, now).await),
                None => None,
            }
        };
        let (original, copy) = join(self.newest_in(Location::Original, source, now), copy).await;
        NewestOf {
            source: source.clone(),
            original,
            copy,
        }
    }

    async fn newest_in(
        &self,
        location: Location,
        source: &SourceName,
        now: Timestamp,
    ) -> Result<Newest, String> {
        let newest = async {
            let backups = self.of_source(location, source)?;
            backups.newest_dates(now).await
        };
        let Ok(newest) = timeout(DEADLINE, newest).await else {
            let address = self.settings().address(location);
            let store = address.map_or_else(|| "the store".into(), ToString::to_string);
            return Err(format!(
                "{store} did not respond within {DEADLINE:?}; see whether it can be reached from here"
            ));
        };
        newest.map_err(|error| error.to_string())
    }
}
