//! The newest backup of a source, restored on trial.

use std::time::Duration;

use thiserror::Error;
use tokio_util::sync::CancellationToken;

use super::{Ending, SourceRun};
use crate::backup::restore::{Bounds, Superusers};
use crate::backup::{
    Backups, DrillAfter, DrillError, Location, Progress, Selection, Source, SourceBackups,
    StoreError, Stored, Trial, Verified,
};
use crate::database;
use pgarchive::BackupId;
use pgarchive::manifest::Manifest;

/// The drill of its own schedule. If drills follow the backups, it only makes up for those that failed, were
/// interrupted, or did not fit.
pub(super) async fn scheduled(
    backups: &Backups,
    stop: &CancellationToken,
    source: &Source,
    limit: Duration,
) -> SourceRun {
    let after = backups.settings().drill_after;
    let drill = Drill {
        backups,
        source,
        repeats: after == DrillAfter::Schedule,
        must_fit: false,
    };
    drill.run(Bounds::within(limit, stop.clone()), limit).await
}

/// The drill that follows a backup, in what remains of the same call's time. It does not begin if it would
/// not end in that time.
pub(super) async fn after_backup(
    backups: &Backups,
    stop: &CancellationToken,
    source: &Source,
    limit: Duration,
) -> SourceRun {
    let drill = Drill {
        backups,
        source,
        repeats: false,
        must_fit: true,
    };
    drill.run(Bounds::within(limit, stop.clone()), limit).await
}

struct Drill<'a> {
    backups: &'a Backups,
    source: &'a Source,
    /// Whether it restores a backup that was restored before.
    repeats: bool,
    /// Whether it begins only if it is expected to end within its time.
    must_fit: bool,
}

/// The result for the newest backup.
enum Done {
    Now(Verified),
    /// It has a proof already.
    Before(Verified),
}

impl Drill<'_> {
    async fn run(&self, bounds: Bounds, limit: Duration) -> SourceRun {
        let (id, text) = match self.newest(bounds, limit).await {
            Err(error) => return SourceRun::failed(self.source, &error),
            Ok((id, Done::Now(verified))) => (id, describe(&verified)),
            Ok((id, Done::Before(verified))) => {
                let text = format!("it was proved at {}: nothing to do", verified.verified);
                (id, text)
            }
        };
        SourceRun {
            source: self.source.name.to_string(),
            ending: Ending::Succeeded,
            backup: Some(id),
            text,
        }
    }

    async fn newest(&self, bounds: Bounds, limit: Duration) -> Result<(BackupId, Done), Failure> {
        let settings = self.backups.settings();
        let server = settings.drill.as_ref();
        let server = server.ok_or(Failure::NoServer)?;
        let source_backups = self
            .backups
            .of_source(Location::Original, &self.source.name)?;
        let found = source_backups.find(&Selection::Latest).await;
        let stored = found.map_err(DrillError::from)?;
        let id = stored.id.clone();
        if let Some(verified) = &stored.verified
            && !self.repeats
        {
            return Ok((id, Done::Before(verified.clone())));
        }
        if self.must_fit {
            self.require_time(&source_backups, &stored, limit).await?;
        }
        let verified = self.prove(&source_backups, &stored, server, bounds).await?;
        Ok((id, Done::Now(verified)))
    }

    async fn prove(
        &self,
        source_backups: &SourceBackups,
        stored: &Stored,
        server: &database::Settings,
        bounds: Bounds,
    ) -> Result<Verified, DrillError> {
        let progress = Progress::default();
        let trial = Trial {
            server,
            identities: self.backups.settings().identities.as_ref(),
            bounds,
            superusers: Superusers::Rejected,
        };
        let drill = self.backups.drill(source_backups, stored, trial, &progress);
        drill.await
    }

    async fn require_time(
        &self,
        source_backups: &SourceBackups,
        stored: &Stored,
        limit: Duration,
    ) -> Result<(), Failure> {
        let manifest = stored.readable().map_err(DrillError::from)?;
        let before = source_backups.newest_verified().await;
        let before = before.map_err(DrillError::from)?;
        let expected = expected(manifest, before.as_ref());
        if expected <= limit {
            return Ok(());
        }
        Err(Failure::NoTime {
            id: stored.id.clone(),
            expected,
            limit,
        })
    }
}

/// A restore with its comparison takes about three times as long as the backup, which is used if no earlier
/// drill says more.
fn expected(manifest: &Manifest, before: Option<&Stored>) -> Duration {
    let earlier = before.and_then(|it| Some((it.verified.as_ref()?, it.manifest.as_ref().ok()?)));
    let milliseconds = match earlier {
        None => u128::from(manifest.milliseconds.total) * 3,
        Some((verified, then)) => {
            u128::from(verified.milliseconds) * u128::from(manifest.content_bytes())
                / u128::from(then.content_bytes().max(1))
        }
    };
    Duration::from_millis(u64::try_from(milliseconds).unwrap_or(u64::MAX))
}

fn describe(verified: &Verified) -> String {
    let missing = verified.missing.iter();
    let missing = missing.fold(String::new(), |text, it| format!("{text}; {it}"));
    format!(
        "restored to PostgreSQL {}: {} tables and {} rows equal the backup's, {} ms{missing}",
        verified.server_version, verified.tables, verified.rows, verified.milliseconds,
    )
}

/// Why a source's newest backup was not proved to restore.
#[derive(Debug, Error)]
enum Failure {
    #[error(
        "no server is named to restore on; set DRILL_DATABASE_URL, to another server than the one \
         that is backed up"
    )]
    NoServer,
    #[error(
        "the drill of {id} was not started: it takes about {expected:.0?}, and {limit:.0?} remain of this call; \
         the next scheduled drill makes up for it; raise functionTimeout in host.json, or set \
         DRILL_AFTER=schedule"
    )]
    NoTime {
        id: BackupId,
        expected: Duration,
        limit: Duration,
    },
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Drill(#[from] DrillError),
}
