//! `postfacto_backup`: a backup of each source, and then the deletion of what no rule keeps.

use std::time::{Duration, Instant};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio_util::sync::CancellationToken;

use super::{EXPORT, Ending, SourceRun, in_turn, work};
use crate::backup::{Backups, Source};
use crate::host::{Invocation, Outcome, Timer};
use crate::ledger::Ledger;
use pgarchive::manifest::Manifest;

/// The timer function `postfacto_backup`.
pub struct BackupTimer {
    backups: Backups,
    ledger: Ledger,
    stop: CancellationToken,
}

impl BackupTimer {
    /// For these backups. The cancellation of `stop` ends a run.
    pub fn new(backups: Backups, ledger: Ledger, stop: CancellationToken) -> BackupTimer {
        BackupTimer {
            backups,
            ledger,
            stop,
        }
    }

    async fn run_once(&self, invocation: &Invocation) -> Outcome {
        let sources = &self.backups.settings().sources;
        let clock = self.backups.clock();
        let work = async || {
            let one = |source, limit| self.back_up(source, limit).boxed();
            work(&in_turn(sources, one).await)
        };
        Box::pin(self.ledger.once(invocation, clock, work)).await
    }

    /// Sweeps first, whatever becomes of the rest: a source that fails every night must not fill the
    /// store.
    async fn back_up(&self, source: &Source, limit: Duration) -> SourceRun {
        let end = Instant::now() + limit;
        let swept = self.sweep(source).await;
        let limit = end.saturating_duration_since(Instant::now());
        let made = self.backups.create(source, limit, &self.stop, &|_| ());
        match made.await {
            Err(error) => SourceRun::failed(source, &format!("{error}{swept}")),
            Ok(manifest) if !manifest.findings.is_empty() => degraded(source, &manifest),
            Ok(manifest) => SourceRun {
                source: source.name.to_string(),
                ending: Ending::Succeeded,
                text: format!("{}; {}{swept}", done(&manifest), self.prune(source).await),
                backup: Some(manifest.id),
            },
        }
    }

    /// Only after a whole backup: while there is none, nothing old goes. That nothing can be deleted
    /// makes the new backup no worse.
    async fn prune(&self, source: &Source) -> String {
        let source_backups = match self.backups.of_source(&source.name) {
            Ok(source_backups) => source_backups,
            Err(error) => return format!("pruning failed: {error}"),
        };
        match self.backups.prune(&source_backups, false).await {
            Err(error) => {
                log::warn!("{}: pruning failed: {error}", source.name);
                format!("pruning failed: {error}")
            }
            Ok(pruning) => {
                let kept = pruning.pruned.iter().filter_map(|it| {
                    let reason = it.kept.as_ref()?;
                    Some(format!("; {} was not deleted: {reason}", it.id))
                });
                let kept: String = kept.collect();
                let (all, gone) = (pruning.decisions.len(), pruning.pruned.len());
                format!("{} kept, {gone} to delete{kept}", all - gone)
            }
        }
    }

    /// What runs of more than a day ago left when they were killed.
    async fn sweep(&self, source: &Source) -> String {
        match self.backups.sweep(&source.name).await {
            Err(error) => {
                log::warn!("{}: sweeping failed: {error}", source.name);
                format!("; sweeping failed: {error}")
            }
            Ok(swept) => swept
                .iter()
                .fold(String::new(), |text, it| format!("{text}; {it}")),
        }
    }
}

impl Timer for BackupTimer {
    fn function(&self) -> &'static str {
        EXPORT
    }

    fn run<'a>(&'a self, invocation: &'a Invocation) -> BoxFuture<'a, Outcome> {
        self.run_once(invocation).boxed()
    }
}

fn done(manifest: &Manifest) -> String {
    let (rows, bytes) = (manifest.rows(), manifest.stored_bytes());
    let tables = manifest.tables.len();
    let milliseconds = manifest.milliseconds.total;
    format!("{tables} tables, {rows} rows, {bytes} bytes stored, {milliseconds} ms")
}

fn degraded(source: &Source, manifest: &Manifest) -> SourceRun {
    SourceRun {
        source: source.name.to_string(),
        ending: Ending::Degraded,
        backup: Some(manifest.id.clone()),
        text: format!("not in the backup: {}", manifest.findings.join(", ")),
    }
}
