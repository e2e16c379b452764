//! The newest backup of a source, restored on trial.

use std::error::Error;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::{Ending, SourceRun};
use crate::backup::restore::{Bounds, Superusers};
use crate::backup::{
    Backups, DrillAfter, Location, Progress, Selection, Source, SourceBackups, Stored, Trial,
    Verified,
};
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
    let drill = Drill {
        backups,
        source,
        repeats: backups.settings().drill_after == DrillAfter::Schedule,
        must_fit: false,
    };
    drill.run(stop, limit).await
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
    drill.run(stop, limit).await
}

/// Why a source's newest backup was not proved to restore.
type Failure = Box<dyn Error + Send + Sync>;

struct Drill<'a> {
    backups: &'a Backups,
    source: &'a Source,
    /// Whether it restores a backup that was restored before.
    repeats: bool,
    /// Whether it begins only if it is expected to end within its time.
    must_fit: bool,
}

impl Drill<'_> {
    async fn run(&self, stop: &CancellationToken, limit: Duration) -> SourceRun {
        match self.newest(stop, limit).await {
            Err(error) => SourceRun::failed(self.source, &error),
            Ok((id, text)) => SourceRun::new(self.source, Ending::Succeeded, Some(id), text),
        }
    }

    /// The newest backup, and what was done with it.
    async fn newest(
        &self,
        stop: &CancellationToken,
        limit: Duration,
    ) -> Result<(BackupId, String), Failure> {
        let bounds = Bounds::within(limit, stop.clone());
        let settings = self.backups.settings();
        let server = settings.drill.as_ref().ok_or(
            "no server is named to restore on; set DRILL_DATABASE_URL, to another server than the one that is \
             backed up",
        )?;
        let source_backups = self
            .backups
            .of_source(Location::Original, &self.source.name)?;
        let stored = source_backups.find(&Selection::Latest).await?;
        let id = stored.id.clone();
        if let Some(Verified { verified, .. }) = &stored.verified
            && !self.repeats
        {
            return Ok((id, format!("it was proved at {verified}: nothing to do")));
        }
        if self.must_fit {
            self.require_time(&source_backups, &stored, limit).await?;
        }
        let trial = Trial {
            server,
            identities: settings.identities.as_ref(),
            bounds,
            superusers: Superusers::Rejected,
        };
        let progress = Progress::default();
        let drill = self
            .backups
            .drill(&source_backups, &stored, trial, &progress);
        Ok((id, describe(&drill.await?)))
    }

    async fn require_time(
        &self,
        source_backups: &SourceBackups,
        stored: &Stored,
        limit: Duration,
    ) -> Result<(), Failure> {
        let before = source_backups.newest_verified().await?;
        let expected = expected(stored.readable()?, before.as_ref());
        if expected <= limit {
            return Ok(());
        }
        let text = format!(
            "the drill of {} was not started: it takes about {expected:.0?}, and {limit:.0?} remain of this call; \
             the next scheduled drill makes up for it; raise functionTimeout in host.json, or set \
             DRILL_AFTER=schedule",
            stored.id
        );
        Err(text.into())
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
