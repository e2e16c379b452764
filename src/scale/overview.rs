//! The sizes of the targets as numbers, for metrics.

use jiff::{SignedDuration, Timestamp};
use tokio::sync::Mutex;

use super::files::LoadError;
use super::loaded::LoadedSchedule;
use super::scaling::Scaling;
use super::summary::{Ending, Summary};
use super::timer::FUNCTION;
use crate::ledger::Ledger;
use schedule::{Hold, Size, Target, decide};

/// Reads the sizes of the targets.
pub struct ScaleOverview {
    scaling: Scaling,
    ledger: Ledger,
    last: Mutex<Option<(Timestamp, Option<LoadedSchedule>)>>,
}

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

/// The age up to which a schedule is reused: its files can be in Azure Blob Storage.
const REUSED: SignedDuration = SignedDuration::from_mins(1);

/// A tick that is older does not show the actual size.
const TICK: SignedDuration = SignedDuration::from_mins(15);

const DAY: SignedDuration = SignedDuration::from_hours(24);

/// More than a day has within the limit of changes.
const CHANGES: i64 = 10_000;

/// Outcomes of changes, by their column. `unfinished` is in progress.
const OUTCOMES: [&str; 5] = ["succeeded", "failed", "left", "shadow", "unfinished"];

/// The last tick: its start, and its result.
type Tick = Option<(Timestamp, Summary)>;

impl ScaleOverview {
    pub fn new(scaling: Scaling, ledger: Ledger) -> ScaleOverview {
        ScaleOverview {
            scaling,
            ledger,
            last: Mutex::new(None),
        }
    }

    /// The numbers of each target that has a resource.
    ///
    /// # Errors
    /// The schedule or the database cannot be read.
    pub async fn read(&self) -> Result<Vec<TargetNumbers>, String> {
        let now = self.scaling.now();
        let loaded = self.loaded(now).await.map_err(|error| error.to_string())?;
        let Some(loaded) = loaded.filter(LoadedSchedule::has_resources) else {
            return Ok(Vec::new());
        };
        let journal = self.scaling.journal();
        let (holds, changes, tick) = tokio::join!(
            self.scaling.holds().active(now),
            journal.since(now - DAY, None, CHANGES),
            self.tick(now),
        );
        let holds = holds.map_err(|error| error.to_string())?;
        let changes = changes.map_err(|error| error.to_string())?;
        let tick = tick?;
        let targets = loaded.schedule.targets().iter();
        let managed = targets.filter(|target| loaded.resource(&target.name).is_some());
        let numbers = managed.map(|target| {
            let name = target.name.as_str();
            let changes = changes.iter().filter(|it| it.target == name);
            let count = |outcome: &str| {
                let outcome_of = |it: &&super::journal::Entry| {
                    it.outcome.as_deref().unwrap_or("unfinished") == outcome
                };
                changes.clone().filter(outcome_of).count()
            };
            let is_drift = |it: &&super::journal::Entry| {
                it.cause == "drift" && it.outcome.as_deref() != Some("left")
            };
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

    async fn loaded(&self, now: Timestamp) -> Result<Option<LoadedSchedule>, LoadError> {
        let mut last = self.last.lock().await;
        if let Some((at, loaded)) = &*last
            && now.duration_since(*at).abs() < REUSED
        {
            return Ok(loaded.clone());
        }
        let loaded = self.scaling.loaded(now).await?;
        *last = Some((now, loaded.clone()));
        Ok(loaded)
    }

    async fn tick(&self, now: Timestamp) -> Result<Tick, String> {
        let last = self.ledger.last_summary(FUNCTION).await;
        let last = last.map_err(|error| error.to_string())?;
        let recent = last.filter(|(started, _)| now.duration_since(*started) < TICK);
        // A run that failed as a whole has no summary.
        Ok(recent.and_then(|(started, text)| Some((started, serde_json::from_str(&text).ok()?))))
    }
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
