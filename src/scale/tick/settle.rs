//! The work in one concurrency group: first the changes without an outcome, then the targets.

use jiff::SignedDuration;

use super::{Failure, LIMIT, Tick, WAIT};
use crate::scale::group::{ConcurrencyGroup, GroupWork};
use crate::scale::journal::{ChangeOutcome, ChangeRecord, Ended};
use crate::scale::resource::{CallErrorKind, ObserveError, Resource, State};
use crate::scale::summary::{Ending, TargetRun};

impl Tick<'_> {
    pub(super) async fn group(&self, work: GroupWork<'_>) -> Vec<TargetRun> {
        let mut group = ConcurrencyGroup::default();
        let mut runs: Vec<TargetRun> = Vec::new();
        for (open, resource) in &work.open {
            let has_target = work
                .targets
                .iter()
                .any(|it| it.name.as_str() == open.target);
            let run = self.settle(open, resource, &mut group).await;
            runs.extend(run.filter(|run| run.ending == Ending::Failed || !has_target));
        }
        for target in work.targets {
            let is_done = runs.iter().any(|run| run.target == target.name.as_str());
            if !is_done {
                runs.push(self.target(target, &mut group).await);
            }
        }
        runs
    }

    /// Reads and records the outcome of a change. `None`: the change has ended.
    async fn settle(
        &self,
        open: &ChangeRecord,
        resource: &Resource,
        group: &mut ConcurrencyGroup,
    ) -> Option<TargetRun> {
        let (ending, text) = match self.settled(open, resource).await {
            Ok(true) => return None,
            Ok(false) => (
                Ending::UnderWay,
                "the change is not known to have ended".to_owned(),
            ),
            Err(Failure::Changed(reason) | Failure::Other(reason)) => (
                Ending::Failed,
                format!("the outcome of its change is not known: {reason}"),
            ),
        };
        group.block_for_change(&open.target);
        Some(TargetRun {
            target: open.target.clone(),
            ending,
            desired: open.to,
            rule: open.rule.clone(),
            actual: None,
            text,
        })
    }

    /// Whether the change has ended. If so, its outcome is recorded.
    async fn settled(&self, open: &ChangeRecord, resource: &Resource) -> Result<bool, Failure> {
        let Some(ended) = self.outcome(open, resource).await? else {
            return Ok(false);
        };
        self.end(open.id, &ended).await?;
        Ok(true)
    }

    /// The outcome of a change by the present state of the resource. `None`: it is in progress.
    async fn outcome(
        &self,
        open: &ChangeRecord,
        resource: &Resource,
    ) -> Result<Option<Ended>, Failure> {
        let manager = self.scaling.manager()?;
        let observed = match resource.observe(&manager, self.begun + LIMIT).await {
            Ok(observed) => observed,
            // The resource was deleted, and the change with it.
            Err(ObserveError::Call(error)) if matches!(error.kind, CallErrorKind::Missing(_)) => {
                let ended = Ended::because(ChangeOutcome::Failed, error.to_string());
                return Ok(Some(ended));
            }
            Err(error) => return Err(error.into()),
        };
        let in_flight = SignedDuration::try_from(WAIT).expect("a minute");
        Ok(match observed.state {
            State::Changing(_) => None,
            State::Settled if observed.has(open.to) => Some(Ended::new(ChangeOutcome::Succeeded)),
            // The request may still be on its way to Azure.
            _ if self.at() < open.requested_at + in_flight => None,
            State::Settled => {
                let text = format!("Azure ended at {} without an error", observed.size);
                Some(Ended::because(ChangeOutcome::Failed, text))
            }
            State::Failed(word) => Some(Ended::because(ChangeOutcome::Failed, word)),
        })
    }
}
