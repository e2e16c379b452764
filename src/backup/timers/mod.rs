//! The timer functions: `postfacto_backup` and `postfacto_restore_drill`.
//!
//! Both process the sources in turn, and one that fails does not stop the others. Each source has its share
//! of the time that remains, so that one which hangs takes nothing from those after it.
//!
//! More work can follow a backup in the same call, each with a run of its own in the ledger, for the slot of the
//! backup. The backup's run has ended by then, so no such work can fail it or delay it.

mod backup;
mod copy;
mod drill;
mod summary;

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio_util::sync::CancellationToken;

use super::{Backups, DrillAfter, Source};
use crate::host::{Invocation, Outcome, Timer};
use crate::ledger::{Ledger, Work, slot};

pub use summary::Ending;
pub(super) use summary::{SourceRun, Summary};

/// The timer function that makes backups.
pub const EXPORT: &str = "postfacto_backup";

/// The timer function that proves that they restore.
pub const DRILL: &str = "postfacto_restore_drill";

/// The copies that follow backups, in the ledger. The host does not know this function.
pub const COPY: &str = "postfacto_backup_copy";

/// Work with every source.
#[derive(Clone, Copy)]
enum Job {
    Backup,
    Copy,
    /// On its own schedule, or after a backup.
    Drill(DrillAfter),
}

impl Job {
    /// Its name in the ledger.
    fn function(self) -> &'static str {
        match self {
            Job::Backup => EXPORT,
            Job::Copy => COPY,
            Job::Drill(_) => DRILL,
        }
    }

    /// The work with one source within a time. The cancellation of `stop` ends it.
    async fn run(
        self,
        backups: &Backups,
        stop: &CancellationToken,
        source: &Source,
        limit: Duration,
    ) -> SourceRun {
        let work = match self {
            Job::Backup => backup::run(backups, stop, source, limit).boxed(),
            Job::Copy => copy::run(backups, stop, source, limit).boxed(),
            Job::Drill(follows) => drill::run(backups, stop, source, limit, follows).boxed(),
        };
        work.await
    }
}

/// A timer function that does the same work with every source.
pub struct SourceTimer {
    job: Job,
    /// The work that follows it.
    then: Vec<Job>,
    backups: Backups,
    ledger: Ledger,
    stop: CancellationToken,
}

impl SourceTimer {
    /// `postfacto_backup`: a backup of each source, and then the deletion of those that no rule keeps. Copies
    /// and drills can follow.
    pub fn backup(backups: Backups, ledger: Ledger, stop: CancellationToken) -> SourceTimer {
        let settings = backups.settings();
        let copies = settings.copy.iter().map(|_| Job::Copy);
        let is_proved = settings.drill_after == DrillAfter::Backup;
        let then = copies
            .chain(is_proved.then_some(Job::Drill(DrillAfter::Backup)))
            .collect();
        SourceTimer {
            then,
            ..SourceTimer::new(Job::Backup, backups, ledger, stop)
        }
    }

    /// `postfacto_restore_drill`: the newest backup of each source, restored on trial.
    pub fn drill(backups: Backups, ledger: Ledger, stop: CancellationToken) -> SourceTimer {
        SourceTimer::new(Job::Drill(DrillAfter::Schedule), backups, ledger, stop)
    }

    fn new(job: Job, backups: Backups, ledger: Ledger, stop: CancellationToken) -> SourceTimer {
        SourceTimer {
            job,
            then: Vec::new(),
            backups,
            ledger,
            stop,
        }
    }

    /// The rest follows only in the call that made the backups: another one may still be making them.
    async fn run_all(&self, invocation: &Invocation, limit: Duration) -> Outcome {
        let end = Instant::now() + limit;
        let slot = slot(invocation, (self.backups.clock())());
        let (mut outcome, was_done) = self.run_once(self.job, invocation, limit).await;
        if !was_done {
            return outcome;
        }
        for (number, job) in self.then.iter().enumerate() {
            // The ledger would record work that never began as a failure.
            if self.stop.is_cancelled() {
                let function = job.function();
                let text = format!("{function} was not started, because the program is stopping");
                outcome.lines.push(text);
                continue;
            }
            let waiting = self.then.len() - number;
            let share = end.saturating_duration_since(Instant::now()) / shares(waiting);
            let invocation = Invocation {
                function: job.function().to_owned(),
                scheduled: Some(slot),
                called: Some(slot),
                ..invocation.clone()
            };
            let (followed, _) = self.run_once(*job, &invocation, share).await;
            outcome.lines.extend(followed.lines);
            if let Some(failure) = followed.failure {
                let text = format!("{} failed: {failure}", job.function());
                log::error!("{text}");
                outcome.lines.push(text);
            }
        }
        outcome
    }

    /// Runs the job, if the ledger has no other run of the slot. Returns whether it ran.
    async fn run_once(
        &self,
        job: Job,
        invocation: &Invocation,
        limit: Duration,
    ) -> (Outcome, bool) {
        let was_done = AtomicBool::new(false);
        let work = async || {
            was_done.store(true, Ordering::Relaxed);
            work(&self.each_source(job, limit).await)
        };
        let clock = self.backups.clock();
        let outcome = Box::pin(self.ledger.once(invocation, limit, clock, work)).await;
        (outcome, was_done.load(Ordering::Relaxed))
    }

    /// The sources share fourteen fifteenths of `limit`, so that the work ends before it is cut off. A source
    /// may take a tenth less than its share: so it ends by itself, with its own message, and cleans up.
    async fn each_source(&self, job: Job, limit: Duration) -> Summary {
        let end = Instant::now() + limit * 14 / 15;
        let sources = &self.backups.settings().sources;
        let mut runs = Vec::new();
        for (waiting, source) in (1..=sources.len()).rev().zip(sources) {
            let share = end.saturating_duration_since(Instant::now()) / shares(waiting);
            let one = job.run(&self.backups, &self.stop, source, share * 9 / 10);
            let run = match tokio::time::timeout(share, one).await {
                Ok(run) => run,
                Err(_) => SourceRun::failed(source, &format!("it took more than {share:.0?}")),
            };
            runs.push(run);
        }
        Summary { sources: runs }
    }
}

fn shares(number: usize) -> u32 {
    u32::try_from(number).expect("there are fewer than four billion databases")
}

impl Timer for SourceTimer {
    fn function(&self) -> &'static str {
        self.job.function()
    }

    fn run<'a>(&'a self, invocation: &'a Invocation, limit: Duration) -> BoxFuture<'a, Outcome> {
        self.run_all(invocation, limit).boxed()
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
