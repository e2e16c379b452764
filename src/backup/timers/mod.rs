//! The timer functions: `postfacto_backup` and `postfacto_restore_drill`.
//!
//! Both take the sources in turn, and one that fails stops no other. Each source has its share of the
//! time that is left, so that one which hangs takes nothing from those after it.

mod backup;
mod drill;
mod summary;

use std::time::{Duration, Instant};

use futures_util::future::BoxFuture;

use super::Source;
use crate::host::Outcome;
use crate::ledger::Work;

pub use backup::BackupTimer;
pub use drill::DrillTimer;
pub(super) use summary::{Ending, SourceRun, Summary};

/// The timer function that makes backups.
pub const EXPORT: &str = "postfacto_backup";

/// The timer function that proves that they restore.
pub const DRILL: &str = "postfacto_restore_drill";

/// How long may a call take? Less than the nine minutes after which a call is dropped, so that its
/// outcome is written down.
const LIMIT: Duration = Duration::from_mins(8);

/// Takes the sources in turn. `one` is told how long it may take, which is a tenth less than after what
/// it is left: so it ends by itself, in its own words, and with nothing left behind.
async fn in_turn<'a>(
    sources: &'a [Source],
    one: impl Fn(&'a Source, Duration) -> BoxFuture<'a, SourceRun>,
) -> Summary {
    let end = Instant::now() + LIMIT;
    let mut runs = Vec::new();
    for (left, source) in (1..=sources.len()).rev().zip(sources) {
        let share = end.saturating_duration_since(Instant::now())
            / u32::try_from(left).expect("nobody has four billion databases");
        let limit = share * 9 / 10;
        let run = match tokio::time::timeout(share, one(source, limit)).await {
            Ok(run) => run,
            Err(_) => SourceRun::failed(source, &format!("it took more than {share:.0?}")),
        };
        runs.push(run);
    }
    Summary { sources: runs }
}

/// The answer to the host: failed if anything did, naming each. A degraded backup has all rows.
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
