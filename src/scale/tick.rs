//! One look at everything: what each target should be, what it is, and what is done about it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use futures_util::stream::{self, StreamExt};
use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

use super::book::Book;
use super::journal::{Ending as RowEnding, Request};
use super::judge::{Cause, Sight, Verdict, judge};
use super::resource::{Applied, CallError, ObserveError, Observed, Resource, State};
use super::scaling::Scaling;
use super::summary::{Ending, Summary, TargetRun};
use crate::azure::resource_manager::ResourceManager;
use crate::schedule::{Decision, Hold, Size, Target, decide};

/// How long may a tick take? Less than the time to the next one.
const LIMIT: Duration = Duration::from_mins(4);

/// How long is waited for a change that Azure has begun? Most are done by then; the next tick sees to
/// the rest, and no target waits long for another.
const WAIT: Duration = Duration::from_mins(1);

/// After how many ticks that left a target is leaving it once more a failure? Half an hour of them: no
/// operation of Azure's is in the way for so long.
const TOO_OFTEN: u32 = 6;

/// How many resources are looked at at a time? Few enough for one instance and for Azure's limits.
const AT_ONCE: usize = 8;

/// One target, as a tick looks at it.
#[derive(Clone, Copy)]
struct Looking<'a> {
    target: &'a Target,
    resource: &'a Resource,
    decision: &'a Decision<'a>,
    /// What has to be done before it can be changed.
    before: Option<&'a str>,
}

/// A tick under way.
pub(super) struct Tick<'a> {
    pub(super) scaling: &'a Scaling,
    pub(super) book: &'a Book,
    pub(super) holds: &'a [Hold],
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
        let mut lanes: BTreeMap<String, Vec<&Target>> = BTreeMap::new();
        for target in self.book.schedule.targets() {
            let resource = self.book.resource(&target.name);
            let lane = resource.map_or_else(String::new, Resource::lane);
            lanes.entry(lane).or_default().push(target);
        }
        let lanes: Vec<BoxFuture<'_, Vec<TargetRun>>> = lanes
            .into_values()
            .map(|targets| self.lane(targets).boxed())
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

    /// Nothing of a lane is changed while something in it is. What this program has begun is looked at
    /// first; what others have, Azure guards.
    async fn lane(&self, mut targets: Vec<&Target>) -> Vec<TargetRun> {
        if targets.len() > 1 {
            let mut begun = BTreeSet::new();
            for target in &targets {
                let record = self.scaling.journal().record(&target.name, self.now).await;
                // That the database is away is told where it is needed.
                if record.is_ok_and(|record| record.open.is_some()) {
                    begun.insert(&target.name);
                }
            }
            targets.sort_by_key(|target| !begun.contains(&target.name));
        }
        let mut runs: Vec<TargetRun> = Vec::new();
        for target in targets {
            let under_way = runs.iter().find(|run| run.ending == Ending::UnderWay);
            let before = under_way.map(|run| run.target.clone());
            runs.push(self.target(target, before.as_deref()).await);
        }
        runs
    }

    /// `before` is what has to be done before it can be changed.
    async fn target(&self, target: &Target, before: Option<&str>) -> TargetRun {
        let decision = decide(target, self.holds, self.now);
        let mut run = TargetRun {
            target: target.name.to_string(),
            ending: Ending::Failed,
            desired: decision.size,
            rule: decision.rule.to_string(),
            actual: None,
            text: String::new(),
        };
        let done = match self.book.resource(&target.name) {
            None => Ok((Ending::Unmanaged, "no resource is named for it".to_owned())),
            Some(resource) => {
                let looking = Looking {
                    target,
                    resource,
                    decision: &decision,
                    before,
                };
                Box::pin(self.see(looking, &mut run.actual)).await
            }
        };
        (run.ending, run.text) = done.unwrap_or_else(|why| (Ending::Failed, why));
        run
    }

    /// Looks at it and acts. What somebody else changed in between is looked at once more.
    async fn see(
        &self,
        looking: Looking<'_>,
        actual: &mut Option<Size>,
    ) -> Result<(Ending, String), String> {
        let manager = self.scaling.manager().map_err(|error| error.to_string())?;
        let mut is_second = false;
        loop {
            let deadline = self.begun + LIMIT;
            let observed = looking.resource.observe(&manager, deadline).await;
            let observed = observed.map_err(|error: ObserveError| error.to_string())?;
            *actual = Some(observed.size);
            match self.act(looking, &observed, &manager).await {
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
    ) -> Result<(Ending, String), Failure> {
        let Looking {
            target,
            resource,
            decision,
            before,
        } = looking;
        let journal = self.scaling.journal();
        let record = journal.record(&target.name, self.now).await?;
        if let Some(open) = record.open {
            self.close(open, observed).await?;
        }
        let sight = Sight {
            mode: target.mode,
            changes_per_hour: target.changes_per_hour,
            desired: decision.size,
            actual: observed.size,
            has_desired: observed.has(decision.size),
            state: &observed.state,
            // One that was closed just now may be what the target was made by.
            record: match record.open {
                Some(_) => journal.record(&target.name, self.now).await?,
                None => record,
            },
        };
        let from_to = || format!("{} to {}", observed.size, decision.size);
        match judge(&sight) {
            Verdict::InPlace => Ok((Ending::InPlace, "it is".to_owned())),
            Verdict::Wait(word) => Ok((
                Ending::UnderWay,
                format!("it is {}, and Azure works on it ({word})", observed.size),
            )),
            Verdict::Broken(word) => Err(Failure::Other(format!(
                "it is, but Azure's last work on it failed ({word}); look at the resource's activity \
                 log"
            ))),
            Verdict::HeldBack => Err(Failure::Other(format!(
                "it is {}, and was changed {} times within an hour, as often as is allowed; find out \
                 who else changes it, or raise changes_per_hour",
                observed.size, sight.record.within_an_hour
            ))),
            Verdict::WouldChange { is_new } => {
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
            Verdict::Change(_) if self.is_dry => Ok((
                Ending::WouldChange,
                format!("would be changed from {}", from_to()),
            )),
            Verdict::Change(_) if before.is_some() => Ok((
                Ending::Left,
                format!(
                    "it is {}, and the next tick looks again: {} beside it is being changed",
                    observed.size,
                    before.unwrap_or_default()
                ),
            )),
            Verdict::Change(cause) => {
                let change = resource.change(observed, decision.size);
                let change = change.map_err(|error| Failure::Other(error.to_string()))?;
                let row = self.begin(looking, observed, cause).await?;
                let deadline = (self.begun + LIMIT).min(Instant::now() + WAIT);
                let applied = resource.apply(manager, &change, deadline).await;
                self.applied(row, applied, &from_to(), (cause, sight.record.left))
                    .await
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

    async fn applied(
        &self,
        row: i64,
        applied: Result<Applied, CallError>,
        from_to: &str,
        (cause, left): (Cause, u32),
    ) -> Result<(Ending, String), Failure> {
        let journal = self.scaling.journal();
        let drifted = match cause {
            Cause::Schedule => "",
            Cause::Drift => ": somebody else had changed it",
        };
        match applied {
            Ok(Applied::Settled) => {
                journal
                    .end(row, RowEnding::Succeeded, None, self.at())
                    .await?;
                Ok((Ending::Changed, format!("changed from {from_to}{drifted}")))
            }
            // The row stays open: the next tick sees what became of it.
            Ok(Applied::UnderWay) => Ok((
                Ending::UnderWay,
                format!("a change from {from_to} is under way{drifted}"),
            )),
            // Nobody knows whether Azure has begun, and the next tick sees that too.
            Err(error @ CallError::Unavailable { .. }) => {
                let why = error.to_string();
                journal.note(row, &why).await?;
                Err(Failure::Other(why))
            }
            Err(error) => {
                let why = error.to_string();
                let ending = match error {
                    CallError::Failed { .. } => RowEnding::Failed,
                    _ => RowEnding::Left,
                };
                journal.end(row, ending, Some(&why), self.at()).await?;
                match error {
                    CallError::Busy { .. } | CallError::NotAsked { .. } if left >= TOO_OFTEN => {
                        Err(Failure::Other(format!(
                            "{why} (so it was for {left} ticks before this one)"
                        )))
                    }
                    CallError::Busy { .. } | CallError::NotAsked { .. } => Ok((Ending::Left, why)),
                    CallError::Changed { .. } => Err(Failure::Changed(why)),
                    _ => Err(Failure::Other(why)),
                }
            }
        }
    }

    /// Writes down what became of a change that was under way.
    async fn close(
        &self,
        (row, to, _): (i64, Size, Timestamp),
        observed: &Observed,
    ) -> Result<(), Failure> {
        let (ending, detail) = match &observed.state {
            State::Changing(_) => return Ok(()),
            State::Settled if observed.has(to) => (RowEnding::Succeeded, None),
            State::Settled => {
                let text = format!("Azure ended at {} without an error", observed.size);
                (RowEnding::Failed, Some(text))
            }
            State::Failed(word) => (RowEnding::Failed, Some(word.clone())),
        };
        if !self.is_dry {
            let journal = self.scaling.journal();
            journal
                .end(row, ending, detail.as_deref(), self.at())
                .await?;
        }
        Ok(())
    }

    /// The time by the tick's own clock.
    fn at(&self) -> Timestamp {
        let elapsed = SignedDuration::try_from(self.begun.elapsed());
        self.now + elapsed.expect("a tick lasts minutes")
    }
}

/// Why a target was not made what it should be.
enum Failure {
    /// Somebody else was faster.
    Changed(String),
    /// Anything else.
    Other(String),
}

impl From<crate::database::Error> for Failure {
    fn from(error: crate::database::Error) -> Failure {
        Failure::Other(error.to_string())
    }
}
