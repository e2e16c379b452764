//! The sizes of the targets as numbers, for metrics.

use jiff::{SignedDuration, Timestamp};

use super::files::LoadError;
use super::journal::Entry;
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
    pub drift: usize,
    /// The changes of the last 24 hours, by outcome.
    pub changes: [(&'static str, usize); 5],
}

/// A tick that is older does not show the actual size.
const TICK: SignedDuration = SignedDuration::from_mins(15);

const DAY: SignedDuration = SignedDuration::from_hours(24);

/// More than a day has within the limit of changes.
const CHANGES: i64 = 10_000;

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
        let loaded = match self.recent(now).await {
            Ok(loaded) if loaded.has_resources() => loaded,
            Ok(_) => return Ok(Vec::new()),
            Err(error) if matches!(*error, LoadError::Missing(_)) => return Ok(Vec::new()),
            Err(error) => return Err(error.to_string()),
        };
        let read = tokio::try_join!(
            self.holds().active(now),
            self.journal().since(now - DAY, None, CHANGES),
            last_tick(ledger, now),
        );
        let (holds, changes, tick) = read.map_err(|error| error.to_string())?;
        let targets = loaded.schedule.targets().iter();
        let managed = targets.filter(|target| loaded.resource(&target.name).is_some());
        let numbers = managed.map(|target| {
            let name = target.name.as_str();
            let changes = changes.iter().filter(|it| it.target == name);
            let count = |outcome| {
                let changes = changes.clone();
                changes.filter(|it| outcome_of(it) == outcome).count()
            };
            let is_drift = |it: &&Entry| it.cause == "drift" && outcome_of(it) != "left";
            TargetNumbers {
                target: name.to_owned(),
                desired: decide(target, &holds, now).size,
                actual: actual(target, &holds, &tick),
                holds: holds.iter().filter(|it| it.target == target.name).count(),
                drift: changes.clone().filter(is_drift).count(),
                changes: OUTCOMES.map(|outcome| (outcome, count(outcome))),
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

fn outcome_of(change: &Entry) -> &str {
    change.outcome.as_deref().unwrap_or("unfinished")
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
