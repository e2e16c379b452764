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

/// A drill on its own schedule, where drills follow the backups, only makes up for those that failed, were
/// interrupted, or did not fit. A drill that follows a backup has what remains of the same call's time, and does not
/// begin if it would not end in that time.
pub(super) async fn run(
    backups: &Backups,
    stop: &CancellationToken,
    source: &Source,
    limit: Duration,
    follows: DrillAfter,
) -> SourceRun {
    match newest(backups, stop, source, limit, follows).await {
        Err(error) => SourceRun::failed(source, &error),
        Ok((id, text)) => SourceRun::new(source, Ending::Succeeded, Some(id), text),
    }
}

/// Why a source's newest backup was not proved to restore.
type Failure = Box<dyn Error + Send + Sync>;

/// The newest backup, and what was done with it.
async fn newest(
    backups: &Backups,
    stop: &CancellationToken,
    source: &Source,
    limit: Duration,
    follows: DrillAfter,
) -> Result<(BackupId, String), Failure> {
    let bounds = Bounds::within(limit, stop.clone());
    let settings = backups.settings();
    let server = settings.drill.as_ref().ok_or(
        "no server is named to restore on; set DRILL_DATABASE_URL, to another server than the one that is \
         backed up",
    )?;
    let source_backups = backups.of_source(Location::Original, &source.name)?;
    let stored = source_backups.find(&Selection::Latest).await?;
    let id = stored.id.clone();
    if let Some(Verified { verified, .. }) = &stored.verified
        && settings.drill_after == DrillAfter::Backup
    {
        return Ok((id, format!("it was proved at {verified}: nothing to do")));
    }
    if follows == DrillAfter::Backup {
        require_time(&source_backups, &stored, limit).await?;
    }
    let trial = Trial {
        server,
        identities: settings.identities.as_ref(),
        bounds,
        superusers: Superusers::Rejected,
    };
    let progress = Progress::default();
    let drill = backups.drill(&source_backups, &stored, trial, &progress);
    Ok((id, describe(&drill.await?)))
}

async fn require_time(
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
        "the drill of {} was not started: it takes about {expected:.0?}, and {limit:.0?} remain of this call; the \
         next scheduled drill makes up for it; raise functionTimeout in host.json, or set DRILL_AFTER=schedule",
        stored.id
    );
    Err(text.into())
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
