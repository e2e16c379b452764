//! The copies of a source's backups in the second location.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::{Ending, SourceRun};
use crate::backup::{Backups, Copies, Progress, Pruning, Source};

pub(super) async fn run(
    backups: &Backups,
    stop: &CancellationToken,
    source: &Source,
    limit: Duration,
) -> SourceRun {
    let progress = Progress::default();
    let copies = backups.copy(&source.name, limit, stop, &progress).await;
    let ending = if copies.failures.is_empty() {
        Ending::Succeeded
    } else {
        Ending::Failed
    };
    let newest = copies.copied.first().cloned();
    SourceRun::new(source, ending, newest, describe(&copies))
}

fn describe(copies: &Copies) -> String {
    if !copies.failures.is_empty() {
        return copies.failures.join("; ");
    }
    let kept = copies.pruning.iter().flat_map(Pruning::not_deleted);
    let swept = copies.swept.iter().map(ToString::to_string);
    let text = format!("{} backups copied", copies.copied.len());
    kept.chain(swept)
        .fold(text, |text, it| format!("{text}; {it}"))
}
