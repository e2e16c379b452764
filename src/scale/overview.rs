//! The sizes of the targets as numbers, for metrics.

use jiff::{SignedDuration, Timestamp};

use super::journal::ChangeCount;
use super::scaling::Scaling;
use super::summary::{Ending, Summary};
use super::timer::FUNCTION;
use crate::database::Error;
use crate::ledger::Ledger;
use schedule::{Hold, Size, Target, decide};

/// The sizes of a target that has a resource.
#[derive(Clone, Debug)]
pub struct TargetNumbers {
    pub target: String,
    pub desired: Size,
    /// As the last tick read it, if that is known.
    pub actual: Option<Size>,
    pub holds: usize,
    /// Changes of another party that were changed back within 24 hours.
    pub drift: i64,
    /// The changes of the last 24 hours, by outcome.
    pub changes: [(&'static str, i64); 5],
}

/// A tick that is older does not show the actual size.
const TICK: SignedDuration = SignedDuration::from_mins(15);

const DAY: SignedDuration = SignedDuration::from_hours(24);

/// Outcomes of changes, by their column. `unfinished` is in progress.
const OUTCOMES: [&str; 5] = ["succeeded", "failed", "left", "shadow", "unfinished"];

/// The last tick: its start, and its result.
type Tick = Option<(Timestamp, Summary)>;

impl Scaling {
    /// The numbers of each target that has a resource. `ledger` has the last tick.
    ///
    /// # Errors
    /// The schedule or the database cannot be read.
    pub async fn numbers(&self, ledger: &Ledger) -> Result<Vec<TargetNumbers>, String> {
        let now = self.now();
        let loaded = self.recent(now).await?;
        let Some(loaded) = loaded.filter(|it| it.has_resources()) else {
            return Ok(Vec::new());
        };
        let read = tokio::try_join!(
            self.holds().active(now),
            self.journal().counts(now - DAY),
            last_tick(ledger, now),
        );
        let (holds, counts, tick) = read.map_err(|error| error.to_string())?;
        let targets = loaded.schedule.targets().iter();
        let managed = targets.filter(|target| loaded.resource(&target.name).is_some());
        let numbers = managed.map(|target| {
            let name = target.name.as_str();
            let counts = counts.iter().filter(|it| it.target == name);
            let changes = |outcome| {
                let counts = counts.clone().filter(|it| it.outcome == outcome);
                (outcome, counts.map(|it| it.changes).sum())
            };
            TargetNumbers {
                target: name.to_owned(),
                desired: decide(target, &holds, now).size,
                actual: actual(target, &holds, &tick),
                holds: holds.iter().filter(|it| it.target == target.name).count(),
                drift: counts.clone().map(ChangeCount::drift).sum(),
                changes: OUTCOMES.map(changes),
            }
        });
        Ok(numbers.collect())
    }
}

async fn last_tick(ledger: &Ledger, now: Timestamp) -> Result<Tick, Error> {
    let last = ledger.last_summary(FUNCTION).await?;
    let recent = last.filter(|(started, _)| now.duration_since(*started) < TICK);
    // A run that failed as a whole has no summary.
    Ok(recent.and_then(|(started, text)| Some((started, serde_json::from_str(&text).ok()?))))
}

/// The ledger names the targets that were not in place. The others had the size of that instant.
fn actual(target: &Target, holds: &[Hold], tick: &Tick) -> Option<Size> {
    let (started, summary) = tick.as_ref()?;
    let mut runs = summary.targets.iter();
    match runs.find(|run| run.target == target.name.as_str()) {
        Some(run) if run.ending == Ending::Changed => Some(run.desired),
        Some(run) => run.actual,
        None => Some(decide(target, holds, *started).size),
    }
}
