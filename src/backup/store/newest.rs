//! The dates of the newest backups, from the names in a store alone.

use jiff::Timestamp;

use super::error::StoreError;
use super::marks::VERIFIED;
use super::source_backups::{Listed, SourceBackups};
use crate::backup::settings::SourceName;
use pgarchive::BackupId;

/// The newest backups of a source in one store.
#[derive(Clone)]
pub(in crate::backup) struct Newest {
    pub(in crate::backup) begun: Option<Timestamp>,
    pub(in crate::backup) verified: Option<Timestamp>,
    /// A backup that a machine with a wrong clock made.
    pub(in crate::backup) of_the_future: Option<BackupId>,
    /// The newest backup of the past.
    pub(in crate::backup) listed: Option<Listed>,
}

/// The newest backups of a source in both stores, or why a store cannot be read.
pub(in crate::backup) struct NewestOf {
    pub(in crate::backup) source: SourceName,
    pub(in crate::backup) original: Result<Newest, String>,
    /// `None` without a second location.
    pub(in crate::backup) copy: Option<Result<Newest, String>>,
}

impl SourceBackups {
    pub(in crate::backup) async fn newest_dates(
        &self,
        now: Timestamp,
    ) -> Result<Newest, StoreError> {
        let names = self.names().await?.into_iter();
        let (future, past): (Vec<_>, Vec<_>) = names.partition(|it| it.id.is_of_the_future(now));
        let verified = past.iter().find(|it| it.files.contains_key(VERIFIED));
        Ok(Newest {
            begun: past.first().map(|it| it.id.started()),
            verified: verified.map(|it| it.id.started()),
            of_the_future: future.into_iter().next().map(|it| it.id),
            listed: past.into_iter().next(),
        })
    }
}
