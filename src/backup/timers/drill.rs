//! `postfacto_restore_drill`: the newest backup of each source, restored on trial.

use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use thiserror::Error;
use tokio_util::sync::CancellationToken;

use super::{DRILL, Ending, SourceRun, in_turn, work};
use crate::backup::restore::{Bounds, Progress, Superusers};
use crate::backup::{Backups, DrillError, Selection, Source, StoreError, Trial, Verified};
use crate::host::{Invocation, Outcome, Timer};
use crate::ledger::Ledger;
use pgarchive::BackupId;

/// The timer function `postfacto_restore_drill`.
pub struct DrillTimer {
    backups: Backups,
    ledger: Ledger,
    stop: CancellationToken,
}

impl DrillTimer {
    /// For these backups. The cancellation of `stop` ends a run.
    pub fn new(backups: Backups, ledger: Ledger, stop: CancellationToken) -> DrillTimer {
        DrillTimer {
            backups,
            ledger,
            stop,
        }
    }

    async fn run_once(&self, invocation: &Invocation) -> Outcome {
        let sources = &self.backups.settings().sources;
        let clock = self.backups.clock();
        let work = async || {
            let one = |source, limit| self.drill(source, limit).boxed();
            work(&in_turn(sources, one).await)
        };
        Box::pin(self.ledger.once(invocation, clock, work)).await
    }

    async fn drill(&self, source: &Source, limit: Duration) -> SourceRun {
        match self.newest(source, limit).await {
            Err(error) => SourceRun::failed(source, &error),
            Ok((id, verified)) => SourceRun {
                source: source.name.to_string(),
                ending: Ending::Succeeded,
                backup: Some(id),
                text: format!(
                    "restored to PostgreSQL {}: {} tables and {} rows are as they were, {} ms{}",
                    verified.server_version,
                    verified.tables,
                    verified.rows,
                    verified.milliseconds,
                    lacking(&verified)
                ),
            },
        }
    }

    async fn newest(
        &self,
        source: &Source,
        limit: Duration,
    ) -> Result<(BackupId, Verified), Failure> {
        let settings = self.backups.settings();
        let server = settings.drill.as_ref();
        let server = server.ok_or(Failure::NoServer)?;
        let source_backups = self.backups.of_source(&source.name)?;
        let found = source_backups.find(&Selection::Latest).await;
        let stored = found.map_err(DrillError::from)?;
        let progress = Progress::default();
        let trial = Trial {
            server,
            identities: settings.identities.as_ref(),
            bounds: Bounds::within(limit, self.stop.clone()),
            superusers: Superusers::Rejected,
        };
        let drill = self
            .backups
            .drill(&source_backups, &stored, trial, &progress);
        Ok((stored.id.clone(), drill.await?))
    }
}

fn lacking(verified: &Verified) -> String {
    let missing = verified.missing.iter();
    missing.fold(String::new(), |text, it| format!("{text}; {it}"))
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

impl Timer for DrillTimer {
    fn function(&self) -> &'static str {
        DRILL
    }

    fn run<'a>(&'a self, invocation: &'a Invocation) -> BoxFuture<'a, Outcome> {
        self.run_once(invocation).boxed()
    }
}
