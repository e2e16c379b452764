//! One tick: the desired and the actual size of each target, and the action on a difference.

mod settle;

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use futures_util::stream::{self, StreamExt};
use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

use crate::scale::group::{ConcurrencyGroup, GroupWork};
use crate::scale::journal::{ChangeOutcome, ChangeRecord, Ended, Request};
use crate::scale::loaded::LoadedSchedule;
use crate::scale::reconcile::{Action, Cause, SizeChange, TargetState, reconcile};
use crate::scale::resource::{Applied, CallError, CallErrorKind, Change, Observed, Resource};
use crate::scale::scaling::Scaling;
use crate::scale::summary::{Ending, Summary, TargetRun};
use schedule::{Decision, Hold, Target, decide};

/// The longest tick: less than the time to the next one.
const LIMIT: Duration = Duration::from_mins(4);

/// The longest wait for the end of a change. Most changes are done by then; the next tick reads the others, and
/// no target waits long for another. No request can arrive at Azure later than this.
const WAIT: Duration = Duration::from_mins(1);

/// Skips in a row before a tick reports a target as a failure: half an hour. No operation of Azure takes
/// that long.
const SKIPS_TO_FAIL: u32 = 6;

/// Resources that a tick reads at once: few enough for one instance and for Azure's rate limits.
const AT_ONCE: usize = 8;

/// A tick in progress.
pub(super) struct Tick<'a> {
    pub(super) scaling: &'a Scaling,
    pub(super) loaded: &'a LoadedSchedule,
    pub(super) holds: &'a [Hold],
    /// The changes without an outcome.
    pub(super) open: &'a [ChangeRecord],
    /// The instant whose sizes the tick enforces.
    pub(super) now: Timestamp,
    pub(super) invocation_id: &'a str,
    /// Whether the tick changes and records nothing.
    pub(super) is_dry: bool,
    /// The tick's begin on this machine's clock.
    pub(super) begun: Instant,
}

/// A target with its resource and its desired size.
#[derive(Clone, Copy)]
struct Sizing<'a> {
    target: &'a Target,
    resource: &'a Resource,
    decision: &'a Decision<'a>,
}

/// The end of a target's part of the tick.
struct Done {
    ending: Ending,
    text: String,
}

enum Failure {
    /// Another party changed the resource since it was read.
    Changed(String),
    Other(String),
}

impl Done {
    fn new(ending: Ending, text: impl Into<String>) -> Done {
        Done {
            ending,
            text: text.into(),
        }
    }
}

impl<E: std::error::Error> From<E> for Failure {
    fn from(error: E) -> Failure {
        Failure::Other(error.to_string())
    }
}

impl From<Failure> for Done {
    fn from(failure: Failure) -> Done {
        let (Failure::Changed(text) | Failure::Other(text)) = failure;
        Done::new(Ending::Failed, text)
    }
}

impl Tick<'_> {
    /// Handles all concurrency groups at once, and the resources of each one after another.
    pub(super) async fn run(&self) -> Summary {
        let groups: Vec<BoxFuture<'_, Vec<TargetRun>>> = self
            .groups()
            .into_values()
            .map(|work| self.group(work).boxed())
            .collect();
        let runs: Vec<Vec<TargetRun>> = stream::iter(groups)
            .buffer_unordered(AT_ONCE)
            .collect()
            .await;
        let mut targets: Vec<TargetRun> = runs.into_iter().flatten().collect();
        let all = targets.len();
        targets.retain(|run| run.ending != Ending::InPlace);
        targets.sort_by(|one, other| one.target.cmp(&other.target));
        Summary { all, targets }
    }

    /// The targets and the open changes, by the group of their resource.
    fn groups(&self) -> BTreeMap<String, GroupWork<'_>> {
        let mut groups: BTreeMap<String, GroupWork<'_>> = BTreeMap::new();
        for target in self.loaded.schedule.targets() {
            let resource = self.loaded.resource(&target.name);
            let group = resource.map_or_else(String::new, Resource::concurrency_group);
            groups.entry(group).or_default().targets.push(target);
        }
        // A dry run writes nothing, so open changes do not matter to it.
        for open in self.open.iter().filter(|_| !self.is_dry) {
            // A later program may size resources that this one does not know.
            if let Ok(resource) = open.resource.parse::<Resource>() {
                let group = groups.entry(resource.concurrency_group()).or_default();
                group.open.push((open, resource));
            }
        }
        groups
    }

    async fn target(&self, target: &Target, group: &mut ConcurrencyGroup) -> TargetRun {
        let decision = decide(target, self.holds, self.now);
        let run = TargetRun {
            target: target.name.to_string(),
            ending: Ending::Unmanaged,
            desired: decision.size,
            rule: decision.rule.to_string(),
            actual: None,
            text: "it has no resource".to_owned(),
        };
        let Some(resource) = self.loaded.resource(&target.name) else {
            return run;
        };
        let sizing = Sizing {
            target,
            resource,
            decision: &decision,
        };
        Box::pin(self.size(sizing, group, run)).await
    }

    /// Reads the resource and acts; once more if another party changes it in between.
    async fn size(
        &self,
        sizing: Sizing<'_>,
        group: &mut ConcurrencyGroup,
        mut run: TargetRun,
    ) -> TargetRun {
        let Done { ending, text } = loop {
            let is_first = run.actual.is_none();
            let observed = match self.observe(sizing.resource).await {
                Ok(observed) => observed,
                Err(failure) => break failure.into(),
            };
            run.actual = Some(observed.size);
            match self.act(sizing, &observed, group).await {
                Err(Failure::Changed(_)) if is_first => {}
                done => break done.unwrap_or_else(Done::from),
            }
        };
        TargetRun {
            ending,
            text,
            ..run
        }
    }

    async fn observe(&self, resource: &Resource) -> Result<Observed, Failure> {
        let manager = self.scaling.manager()?;
        Ok(resource.observe(&manager, self.begun + LIMIT).await?)
    }

    async fn act(
        &self,
        sizing: Sizing<'_>,
        observed: &Observed,
        group: &mut ConcurrencyGroup,
    ) -> Result<Done, Failure> {
        let Sizing {
            target, decision, ..
        } = sizing;
        let change = SizeChange {
            from: observed.size,
            to: decision.size,
        };
        let history = self.scaling.journal().history(&target.name, self.now);
        let history = history.await?;
        let action = reconcile(&TargetState {
            mode: target.mode,
            changes_per_hour: target.changes_per_hour,
            desired: decision.size,
            actual: observed.size,
            has_desired: observed.has(decision.size),
            state: &observed.state,
            history,
        });
        let would_change = || {
            let text = format!("would be changed from {change}");
            Ok(Done::new(Ending::WouldChange, text))
        };
        match action {
            Action::InPlace => Ok(Done::new(Ending::InPlace, "it is")),
            Action::Wait(word) => {
                group.block(format!("Azure works on {} ({word})", target.name));
                let text = format!("it is {}, and Azure works on it ({word})", change.from);
                Ok(Done::new(Ending::UnderWay, text))
            }
            Action::Broken(word) => Err(Failure::Other(format!(
                "it is, but Azure's last operation on it failed ({word}); look at the resource's activity \
                 log"
            ))),
            Action::RateLimited => Err(Failure::Other(format!(
                "it is {}, and was changed {} times within an hour, which is the limit; find the other \
                 party that changes it, or raise changes_per_hour",
                change.from, history.within_an_hour
            ))),
            Action::WouldChange { is_new } => {
                if is_new && !self.is_dry {
                    let row = self.begin(sizing, change, Cause::Schedule).await?;
                    self.end(row, &Ended::new(ChangeOutcome::Shadow)).await?;
                }
                would_change()
            }
            Action::Change(_) if self.is_dry => would_change(),
            Action::Change(cause) => {
                if let Some(reason) = group.blocked() {
                    let text = format!(
                        "it is {}, and nothing is written because {reason}; the next tick tries again",
                        change.from
                    );
                    return Ok(Done::new(Ending::Skipped, text));
                }
                let request = sizing.resource.change(observed, change.to)?;
                let row = self.begin(sizing, change, cause).await?;
                let applied = self.write(sizing, row, &request, group).await?;
                done(applied, change, cause, history.skipped)
            }
        }
    }

    /// Sends a change and records its outcome. The group stays blocked while the outcome is not known.
    async fn write(
        &self,
        sizing: Sizing<'_>,
        row: i64,
        request: &Change,
        group: &mut ConcurrencyGroup,
    ) -> Result<Result<Applied, CallError>, Failure> {
        let manager = self.scaling.manager()?;
        group.block_for_change(sizing.target.name.as_str());
        let deadline = (self.begun + LIMIT).min(Instant::now() + WAIT);
        let applied = sizing.resource.apply(&manager, request, deadline).await;
        if self.record(row, &applied).await? {
            group.unblock();
        }
        Ok(applied)
    }

    async fn begin(
        &self,
        sizing: Sizing<'_>,
        sizes: SizeChange,
        cause: Cause,
    ) -> Result<i64, Failure> {
        let request = Request {
            target: &sizing.target.name,
            resource: sizing.resource.id(),
            at: self.at(),
            sizes,
            rule: &sizing.decision.rule.to_string(),
            cause,
            invocation_id: self.invocation_id,
        };
        Ok(self.scaling.journal().begin(&request).await?)
    }

    /// Records the outcome of a write, and returns whether it is known. If it is not, the row stays open, and
    /// the next tick reads the outcome.
    async fn record(
        &self,
        row: i64,
        applied: &Result<Applied, CallError>,
    ) -> Result<bool, Failure> {
        let note = match applied {
            Ok(Applied::UnderWay(trace)) => format!("Azure accepted it ({trace})"),
            Err(error) if matches!(error.kind, CallErrorKind::Unavailable(_)) => error.to_string(),
            known => {
                let ended = match known {
                    Ok(_) => Ended::new(ChangeOutcome::Succeeded),
                    Err(error) => {
                        let outcome = match error.kind {
                            CallErrorKind::Failed(_) => ChangeOutcome::Failed,
                            _ => ChangeOutcome::Skipped,
                        };
                        Ended::because(outcome, error.to_string())
                    }
                };
                self.end(row, &ended).await?;
                return Ok(true);
            }
        };
        self.scaling.journal().note(row, &note).await?;
        Ok(false)
    }

    async fn end(&self, row: i64, ended: &Ended) -> Result<(), Failure> {
        Ok(self.scaling.journal().end(row, ended, self.at()).await?)
    }

    /// The present by the tick's own clock.
    fn at(&self) -> Timestamp {
        let elapsed = SignedDuration::try_from(self.begun.elapsed());
        self.now + elapsed.expect("a tick lasts minutes")
    }
}

/// The end of the tick's part for a write. `skipped` changes before it were skipped in a row.
fn done(
    applied: Result<Applied, CallError>,
    change: SizeChange,
    cause: Cause,
    skipped: u32,
) -> Result<Done, Failure> {
    let drift = match cause {
        Cause::Schedule => "",
        Cause::Drift => ": another party had changed it",
    };
    let error = match applied {
        Ok(Applied::Settled) => {
            let text = format!("changed from {change}{drift}");
            return Ok(Done::new(Ending::Changed, text));
        }
        Ok(Applied::UnderWay(_)) => {
            let text = format!("a change from {change} is under way{drift}");
            return Ok(Done::new(Ending::UnderWay, text));
        }
        Err(error) => error,
    };
    match error.kind {
        CallErrorKind::Busy(_) | CallErrorKind::NotSent if skipped < SKIPS_TO_FAIL => {
            Ok(Done::new(Ending::Skipped, error.to_string()))
        }
        CallErrorKind::Busy(_) | CallErrorKind::NotSent => Err(Failure::Other(format!(
            "{error} (the {skipped} ticks before this one skipped it for the same reason)"
        ))),
        CallErrorKind::Changed => Err(Failure::Changed(error.to_string())),
        _ => Err(error.into()),
    }
}
