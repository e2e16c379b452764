//! The newest backup of a source, restored on trial.

use std::time::Duration;

use thiserror::Error;
use tokio_util::sync::CancellationToken;

use super::{Ending, SourceRun};
use crate::backup::restore::{Bounds, Superusers};
use crate::backup::{
    Backups, DrillError, Progress, Selection, Source, StoreError, Trial, Verified,
};
use pgarchive::BackupId;

pub(super) async fn run(
    backups: &Backups,
    stop: &CancellationToken,
    source: &Source,
    limit: Duration,
) -> SourceRun {
    let bounds = Bounds::within(limit, stop.clone());
    let (id, verified) = match newest(backups, source, bounds).await {
        Err(error) => return SourceRun::failed(source, &error),
        Ok(proved) => proved,
    };
    let missing = verified.missing.iter();
    let missing = missing.fold(String::new(), |text, it| format!("{text}; {it}"));
    SourceRun {
        source: source.name.to_string(),
        ending: Ending::Succeeded,
        backup: Some(id),
        text: format!(
            "restored to PostgreSQL {}: {} tables and {} rows equal the backup's, {} ms{missing}",
            verified.server_version, verified.tables, verified.rows, verified.milliseconds,
        ),
    }
}

async fn newest(
    backups: &Backups,
    source: &Source,
    bounds: Bounds,
) -> Result<(BackupId, Verified), Failure> {
    let settings = backups.settings();
    let server = settings.drill.as_ref();
    let server = server.ok_or(Failure::NoServer)?;
    let source_backups = backups.of_source(&source.name)?;
    let found = source_backups.find(&Selection::Latest).await;
    let stored = found.map_err(DrillError::from)?;
    let progress = Progress::default();
    let trial = Trial {
        server,
        identities: settings.identities.as_ref(),
        bounds,
        superusers: Superusers::Rejected,
    };
    let drill = backups.drill(&source_backups, &stored, trial, &progress);
    Ok((stored.id.clone(), drill.await?))
}

/// Why a source's newest backup was not proved to restore.
#[derive(Debug, Error)]
enum Failure {
    #[error(
        "no server is named to restore on; set DRILL_DATABASE_URL, to another server than the one \
         that is backed up"
    )]
    NoServer,
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Drill(#[from] DrillError),
}
