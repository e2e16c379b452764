//! One look at everything: what each target should be, what it is, and what is done about it.

mod settle;

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use futures_util::stream::{self, StreamExt};
use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

use crate::azure::resource_manager::ResourceManager;
use crate::scale::journal::{Ending as RowEnding, OpenChange, Request};
use crate::scale::lane::{Lane, LaneWork};
use crate::scale::loaded::LoadedSchedule;
use crate::scale::reconcile::{Action, Cause, TargetState, reconcile};
use crate::scale::resource::{Applied, CallError, ObserveError, Observed, Resource};
use crate::scale::scaling::Scaling;
use crate::scale::summary::{Ending, Summary, TargetRun};
use schedule::{Decision, Hold, Size, Target, decide};

/// The longest that a tick takes: less than the time to the next one.
pub(super) const LIMIT: Duration = Duration::from_mins(4);

/// The longest from a write to the end of the wait for it. Most changes are done by then; the next tick
/// sees to the rest, and no target waits long for another. No request is on its way for longer.
pub(super) const WAIT: Duration = Duration::from_mins(1);

/// Skips in a row before a tick reports a target as a failure: half an hour. No operation of Azure takes
/// so long.
const SKIPS_TO_FAIL: u32 = 6;

/// Resources that a tick reads at once: few enough for one instance and for Azure's rate limits.
const AT_ONCE: usize = 8;

/// One target, as a tick looks at it.
#[derive(Clone, Copy)]
struct Looking<'a> {
    target: &'a Target,
    resource: &'a Resource,
    decision: &'a Decision<'a>,
}

/// A tick under way.
pub(super) struct Tick<'a> {
    pub(super) scaling: &'a Scaling,
    pub(super) loaded: &'a LoadedSchedule,
    pub(super) holds: &'a [Hold],
    /// The changes without an outcome.
    pub(super) open: &'a [OpenChange],
    /// The instant that it is for.
    pub(super) now: Timestamp,
    pub(super) invocation_id: &'a str,
    /// Whether nothing is to be asked of Azure and nothing written down.
    pub(super) is_dry: bool,
    /// When it began, by this machine.
    pub(super) begun: Instant,
}

impl Tick<'_> {
    /// Looks at each target, resources of one lane one after another.
    pub(super) async fn run(&self) -> Summary {
        let lanes: Vec<BoxFuture<'_, Vec<TargetRun>>> = self
            .lanes()
            .into_values()
            .map(|work| self.lane(work).boxed())
            .collect();
        let runs: Vec<Vec<TargetRun>> = stream::iter(lanes)
            .buffer_unordered(AT_ONCE)
            .collect()
            .await;
        let mut targets: Vec<TargetRun> = runs.into_iter().flatten().collect();
        let all = targets.len();
        targets.retain(|run| run.ending != Ending::InPlace);
        targets.sort_by(|one, other| one.target.cmp(&other.target));
        Summary { all, targets }
    }

    /// The targets and the open changes, by the lane of their resource.
    fn lanes(&self) -> BTreeMap<String, LaneWork<'_>> {
        let mut lanes: BTreeMap<String, LaneWork<'_>> = BTreeMap::new();
        for target in self.loaded.schedule.targets() {
            let resource = self.loaded.resource(&target.name);
            let lane = resource.map_or_else(String::new, Resource::lane);
            lanes.entry(lane).or_default().targets.push(target);
        }
        // A dry run writes nothing that could meet them.
        for open in self.open.iter().filter(|_| !self.is_dry) {
            // A later program may size resources that this one does not know.
            if let Ok(resource) = open.resource.parse::<Resource>() {
                let lane = lanes.entry(resource.lane()).or_default();
                lane.open.push((open, resource));
            }
        }
        lanes
    }

    /// Looks at one target, and changes it where the lane is open.
    pub(super) async fn target(&self, target: &Target, lane: &mut Lane) -> TargetRun {
        let decision = decide(target, self.holds, self.now);
        let mut run = TargetRun {
            target: target.name.to_string(),
            ending: Ending::Failed,
            desired: decision.size,
            rule: decision.rule.to_string(),
            actual: None,
            text: String::new(),
        };
        let done = match self.loaded.resource(&target.name) {
            None => Ok((Ending::Unmanaged, "no resource is named for it".to_owned())),
            Some(resource) => {
                let looking = Looking {
                    target,
                    resource,
                    decision: &decision,
                };
                Box::pin(self.see(looking, lane, &mut run.actual)).await
            }
        };
        (run.ending, run.text) = done.unwrap_or_else(|why| (Ending::Failed, why));
        run
    }

    /// Looks at it and acts. What another party changed in between is looked at once more.
    async fn see(
        &self,
        looking: Looking<'_>,
        lane: &mut Lane,
        actual: &mut Option<Size>,
    ) -> Result<(Ending, String), String> {
        let manager = self.scaling.manager().map_err(|error| error.to_string())?;
        let mut is_second = false;
        loop {
            let deadline = self.begun + LIMIT;
            let observed = looking.resource.observe(&manager, deadline).await;
            let observed = observed.map_err(|error: ObserveError| error.to_string())?;
            *actual = Some(observed.size);
            match self.act(looking, &observed, &manager, lane).await {
                Err(Failure::Changed(_)) if !is_second => is_second = true,
                Err(Failure::Changed(why) | Failure::Other(why)) => return Err(why),
                Ok(done) => return Ok(done),
            }
        }
    }

    async fn act(
        &self,
        looking: Looking<'_>,
        observed: &Observed,
        manager: &ResourceManager,
        lane: &mut Lane,
    ) -> Result<(Ending, String), Failure> {
        let Looking {
            target,
            resource,
            decision,
        } = looking;
        let journal = self.scaling.journal();
        let seen = TargetState {
            mode: target.mode,
            changes_per_hour: target.changes_per_hour,
            desired: decision.size,
            actual: observed.size,
            has_desired: observed.has(decision.size),
            state: &observed.state,
            record: journal.record(&target.name, self.now).await?,
        };
        let from_to = || format!("{} to {}", observed.size, decision.size);
        match reconcile(&seen) {
            Action::InPlace => Ok((Ending::InPlace, "it is".to_owned())),
            Action::Wait(word) => {
                lane.close(format!("Azure works on {} ({word})", target.name));
                Ok((
                    Ending::UnderWay,
                    format!("it is {}, and Azure works on it ({word})", observed.size),
                ))
            }
            Action::Broken(word) => Err(Failure::Other(format!(
                "it is, but Azure's last work on it failed ({word}); look at the resource's activity \
                 log"
            ))),
            Action::RateLimited => Err(Failure::Other(format!(
                "it is {}, and was changed {} times within an hour, as often as is allowed; find out \
                 who else changes it, or raise changes_per_hour",
                observed.size, seen.record.within_an_hour
            ))),
            Action::WouldChange { is_new } => {
                if is_new && !self.is_dry {
                    let row = self.begin(looking, observed, Cause::Schedule);
                    journal
                        .end(row.await?, RowEnding::Shadow, None, self.at())
                        .await?;
                }
                Ok((
                    Ending::WouldChange,
                    format!("would be changed from {}", from_to()),
                ))
            }
            Action::Change(_) if self.is_dry => Ok((
                Ending::WouldChange,
                format!("would be changed from {}", from_to()),
            )),
            Action::Change(cause) => {
                if let Some(why) = lane.closed() {
                    let text = format!(
                        "it is {}, and nothing is written because {why}; the next tick looks again",
                        observed.size
                    );
                    return Ok((Ending::Skipped, text));
                }
                let change = resource.change(observed, decision.size);
                let change = change.map_err(|error| Failure::Other(error.to_string()))?;
                let row = self.begin(looking, observed, cause).await?;
                lane.close_for_change(target.name.as_str());
                let deadline = (self.begun + LIMIT).min(Instant::now() + WAIT);
                let applied = resource.apply(manager, &change, deadline).await;
                self.written(row, &applied, lane).await?;
                applied_as(applied, &from_to(), (cause, seen.record.skipped))
            }
        }
    }

    async fn begin(
        &self,
        looking: Looking<'_>,
        observed: &Observed,
        cause: Cause,
    ) -> Result<i64, Failure> {
        let decision = looking.decision;
        let request = Request {
            target: &looking.target.name,
            resource: looking.resource.id(),
            at: self.at(),
            before: observed.size,
            after: decision.size,
            rule: &decision.rule.to_string(),
            cause,
            invocation_id: self.invocation_id,
        };
        Ok(self.scaling.journal().begin(&request).await?)
    }

    /// Writes down how a write ended. Where that is not known, its row and the lane stay as they are: the
    /// next tick reads what became of it.
    async fn written(
        &self,
        row: i64,
        applied: &Result<Applied, CallError>,
        lane: &mut Lane,
    ) -> Result<(), Failure> {
        let (ending, detail) = match applied {
            Ok(Applied::UnderWay(trace)) => {
                return self
                    .note(row, &format!("Azure accepted it ({trace})"))
                    .await;
            }
            Err(error @ CallError::Unavailable { .. }) => {
                return self.note(row, &error.to_string()).await;
            }
            Ok(Applied::Settled) => (RowEnding::Succeeded, None),
            Err(error @ CallError::Failed { .. }) => (RowEnding::Failed, Some(error.to_string())),
            Err(error) => (RowEnding::Skipped, Some(error.to_string())),
        };
        let written = self.write_end(row, ending, detail.as_deref()).await;
        written.map_err(Failure::Other)?;
        lane.open();
        Ok(())
    }

    /// Writes down what is known of a write without an outcome.
    async fn note(&self, row: i64, detail: &str) -> Result<(), Failure> {
        Ok(self.scaling.journal().note(row, detail).await?)
    }

    pub(super) async fn write_end(
        &self,
        row: i64,
        ending: RowEnding,
        detail: Option<&str>,
    ) -> Result<(), String> {
        let journal = self.scaling.journal();
        let written = journal.end(row, ending, detail, self.at()).await;
        written.map_err(|error| error.to_string())
    }

    /// The time by the tick's own clock.
    pub(super) fn at(&self) -> Timestamp {
        let elapsed = SignedDuration::try_from(self.begun.elapsed());
        self.now + elapsed.expect("a tick lasts minutes")
    }
}

/// How a write is told of.
fn applied_as(
    applied: Result<Applied, CallError>,
    from_to: &str,
    (cause, skipped): (Cause, u32),
) -> Result<(Ending, String), Failure> {
    let drifted = match cause {
        Cause::Schedule => "",
        Cause::Drift => ": another party had changed it",
    };
    match applied {
        Ok(Applied::Settled) => Ok((Ending::Changed, format!("changed from {from_to}{drifted}"))),
        Ok(Applied::UnderWay(_)) => Ok((
            Ending::UnderWay,
            format!("a change from {from_to} is under way{drifted}"),
        )),
        Err(error @ (CallError::Busy { .. } | CallError::NotAsked { .. }))
            if skipped >= SKIPS_TO_FAIL =>
        {
            Err(Failure::Other(format!(
                "{error} (the {skipped} ticks before this one skipped it for the same reason)"
            )))
        }
        Err(error @ (CallError::Busy { .. } | CallError::NotAsked { .. })) => {
            Ok((Ending::Skipped, error.to_string()))
        }
        Err(error @ CallError::Changed { .. }) => Err(Failure::Changed(error.to_string())),
        Err(error) => Err(Failure::Other(error.to_string())),
    }
}

/// Why a target was not made what it should be.
enum Failure {
    /// Another party was faster.
    Changed(String),
    /// Anything else.
    Other(String),
}

impl From<crate::database::Error> for Failure {
    fn from(error: crate::database::Error) -> Failure {
        Failure::Other(error.to_string())
    }
}
