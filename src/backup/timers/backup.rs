//! A backup of a source, and then the deletion of those that no rule keeps.

use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

use super::{Ending, SourceRun};
use crate::backup::{Backups, Location, Progress, Source};
use pgarchive::manifest::Manifest;

/// Sweeps first, also where the rest fails: a source that fails every night must not fill the store.
pub(super) async fn run(
    backups: &Backups,
    stop: &CancellationToken,
    source: &Source,
    limit: Duration,
) -> SourceRun {
    let end = Instant::now() + limit;
    let swept = sweep(backups, source).await;
    let limit = end.saturating_duration_since(Instant::now());
    let progress = Progress::default();
    let made = backups.create(source, limit, stop, &progress, &|_| ());
    let manifest = match made.await {
        Err(error) => return SourceRun::failed(source, &format!("{error}{swept}")),
        Ok(manifest) => manifest,
    };
    let (ending, text) = if manifest.findings.is_empty() {
        let pruned = prune(backups, source).await;
        let text = format!("{}; {pruned}{swept}", describe(&manifest));
        (Ending::Succeeded, text)
    } else {
        let missing = manifest.findings.join(", ");
        (Ending::Degraded, format!("not in the backup: {missing}"))
    };
    SourceRun::new(source, ending, Some(manifest.id), text)
}

/// Only after a complete backup: as long as there is none, all old ones stay. The new backup is complete even
/// if nothing can be deleted.
async fn prune(backups: &Backups, source: &Source) -> String {
    match backups.prune(Location::Original, &source.name, false).await {
        Err(error) => {
            log::warn!("{}: pruning failed: {error}", source.name);
            format!("pruning failed: {error}")
        }
        Ok(pruning) => {
            let kept = pruning.not_deleted();
            let kept = kept.fold(String::new(), |text, it| format!("{text}; {it}"));
            let (all, gone) = (pruning.decisions.len(), pruning.pruned.len());
            format!("{} kept, {gone} to delete{kept}", all - gone)
        }
    }
}

/// Deletes the files of runs that were killed more than a day ago.
async fn sweep(backups: &Backups, source: &Source) -> String {
    match backups.sweep(Location::Original, &source.name).await {
        Err(error) => {
            log::warn!("{}: sweeping failed: {error}", source.name);
            format!("; sweeping failed: {error}")
        }
        Ok(swept) => swept
            .iter()
            .fold(String::new(), |text, it| format!("{text}; {it}")),
    }
}

fn describe(manifest: &Manifest) -> String {
    let (rows, bytes) = (manifest.rows(), manifest.stored_bytes());
    let tables = manifest.tables.len();
    let milliseconds = manifest.milliseconds.total;
    format!("{tables} tables, {rows} rows, {bytes} bytes stored, {milliseconds} ms")
}
