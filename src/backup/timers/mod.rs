//! The timer functions: `postfacto_backup` and `postfacto_restore_drill`.
//!
//! Both process the sources in turn, and one that fails does not stop the others. Each source has its share
//! of the time that remains, so that one which hangs takes nothing from those after it.

mod backup;
mod drill;
mod summary;

use std::time::{Duration, Instant};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio_util::sync::CancellationToken;

use super::{Backups, Source};
use crate::host::{Invocation, Outcome, Timer};
use crate::ledger::{Ledger, Work};

pub(super) use summary::{Ending, SourceRun, Summary};

/// The timer function that makes backups.
pub const EXPORT: &str = "postfacto_backup";

/// The timer function that proves that they restore.
pub const DRILL: &str = "postfacto_restore_drill";

/// The time of a call. Less than the nine minutes after which a call is dropped, so that its outcome is
/// written to the ledger.
const LIMIT: Duration = Duration::from_mins(8);

/// The work with one source within a time. The cancellation of the token ends it.
type Task = for<'a> fn(
    &'a Backups,
    &'a CancellationToken,
    &'a Source,
    Duration,
) -> BoxFuture<'a, SourceRun>;

/// A timer function that does the same work with every source.
pub struct SourceTimer {
    function: &'static str,
    task: Task,
    backups: Backups,
    ledger: Ledger,
    stop: CancellationToken,
}

impl SourceTimer {
    /// `postfacto_backup`: a backup of each source, and then the deletion of those that no rule keeps.
    pub fn backup(backups: Backups, ledger: Ledger, stop: CancellationToken) -> SourceTimer {
        SourceTimer {
            function: EXPORT,
            task: |backups, stop, source, limit| backup::run(backups, stop, source, limit).boxed(),
            backups,
            ledger,
            stop,
        }
    }

    /// `postfacto_restore_drill`: the newest backup of each source, restored on trial.
    pub fn drill(backups: Backups, ledger: Ledger, stop: CancellationToken) -> SourceTimer {
        SourceTimer {
            function: DRILL,
            task: |backups, stop, source, limit| drill::run(backups, stop, source, limit).boxed(),
            backups,
            ledger,
            stop,
        }
    }

    async fn run_once(&self, invocation: &Invocation) -> Outcome {
        let work = async || work(&self.each_source().await);
        let clock = self.backups.clock();
        Box::pin(self.ledger.once(invocation, clock, work)).await
    }

    /// A source may take a tenth less than its share: so it ends by itself, with its own message, and cleans
    /// up.
    async fn each_source(&self) -> Summary {
        let end = Instant::now() + LIMIT;
        let sources = &self.backups.settings().sources;
        let mut runs = Vec::new();
        for (waiting, source) in (1..=sources.len()).rev().zip(sources) {
            let share = end.saturating_duration_since(Instant::now())
                / u32::try_from(waiting).expect("there are fewer than four billion databases");
            let one = (self.task)(&self.backups, &self.stop, source, share * 9 / 10);
            let run = match tokio::time::timeout(share, one).await {
                Ok(run) => run,
                Err(_) => SourceRun::failed(source, &format!("it took more than {share:.0?}")),
            };
            runs.push(run);
        }
        Summary { sources: runs }
    }
}

impl Timer for SourceTimer {
    fn function(&self) -> &'static str {
        self.function
    }

    fn run<'a>(&'a self, invocation: &'a Invocation) -> BoxFuture<'a, Outcome> {
        self.run_once(invocation).boxed()
    }
}

/// The result for the host: failed if a source failed or is degraded, naming each. A degraded backup has all
/// rows.
fn work(summary: &Summary) -> Work {
    let mut lines: Vec<String> = summary.sources.iter().map(SourceRun::line).collect();
    if lines.is_empty() {
        lines.push("no database is named in BACKUP_DATABASES: nothing to do".to_owned());
    }
    let bad: Vec<String> = summary
        .sources
        .iter()
        .filter(|run| run.ending != Ending::Succeeded)
        .map(SourceRun::line)
        .collect();
    let outcome = if bad.is_empty() {
        Outcome::succeeded(lines)
    } else {
        Outcome::failed(lines, bad.join("; "))
    };
    let is_failed = |run: &SourceRun| run.ending == Ending::Failed;
    Work {
        outcome,
        is_degraded: !summary.sources.iter().any(is_failed),
        summary: serde_json::to_value(summary).expect("texts always serialize"),
    }
}
