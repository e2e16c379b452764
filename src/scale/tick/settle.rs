//! The work in one lane: first the changes without an outcome, then its targets.

use jiff::SignedDuration;

use super::{LIMIT, Tick, WAIT};
use crate::scale::journal::{Ending as RowEnding, OpenChange};
use crate::scale::lane::{Lane, LaneWork};
use crate::scale::resource::{CallError, ObserveError, Resource, State};
use crate::scale::summary::{Ending, TargetRun};

impl Tick<'_> {
    /// Looks at each target, one after another.
    pub(super) async fn lane(&self, work: LaneWork<'_>) -> Vec<TargetRun> {
        let mut lane = Lane::default();
        let mut runs: Vec<TargetRun> = Vec::new();
        for (open, resource) in &work.open {
            let has_target = work
                .targets
                .iter()
                .any(|it| it.name.as_str() == open.target);
            let run = self.settle(open, resource, &mut lane).await;
            runs.extend(run.filter(|run| run.ending == Ending::Failed || !has_target));
        }
        for target in work.targets {
            let is_done = runs.iter().any(|run| run.target == target.name.as_str());
            if !is_done {
                runs.push(self.target(target, &mut lane).await);
            }
        }
        runs
    }

    /// Finds out what became of a change, and writes it down. `None`: it has ended.
    async fn settle(
        &self,
        open: &OpenChange,
        resource: &Resource,
        lane: &mut Lane,
    ) -> Option<TargetRun> {
        let run = |ending, text| TargetRun {
            target: open.target.clone(),
            ending,
            desired: open.after,
            rule: open.rule.clone(),
            actual: None,
            text,
        };
        let why = match self.outcome(open, resource).await {
            Ok(Some((ending, detail))) => {
                let detail = detail.as_deref();
                let written = self.write_end(open.row, ending, detail).await;
                written.err()
            }
            Ok(None) => {
                lane.close_for_change(&open.target);
                let text = "the change is not known to have ended".to_owned();
                return Some(run(Ending::UnderWay, text));
            }
            Err(why) => Some(why),
        };
        why.map(|why| {
            lane.close_for_change(&open.target);
            run(
                Ending::Failed,
                format!("the outcome of its change is not known: {why}"),
            )
        })
    }

    /// What became of a change, by what the resource is now. `None`: it goes on.
    async fn outcome(
        &self,
        open: &OpenChange,
        resource: &Resource,
    ) -> Result<Option<(RowEnding, Option<String>)>, String> {
        let manager = self.scaling.manager().map_err(|error| error.to_string())?;
        let observed = match resource.observe(&manager, self.begun + LIMIT).await {
            Ok(observed) => observed,
            // It is gone, and its change with it.
            Err(ObserveError::Call(error @ CallError::Missing { .. })) => {
                return Ok(Some((RowEnding::Failed, Some(error.to_string()))));
            }
            Err(error) => return Err(error.to_string()),
        };
        let in_flight = SignedDuration::try_from(WAIT).expect("a minute");
        Ok(match observed.state {
            State::Changing(_) => None,
            State::Settled if observed.has(open.after) => Some((RowEnding::Succeeded, None)),
            // The request may still be on its way to Azure.
            _ if self.at() < open.requested_at + in_flight => None,
            State::Settled => {
                let text = format!("Azure ended at {} without an error", observed.size);
                Some((RowEnding::Failed, Some(text)))
            }
            State::Failed(word) => Some((RowEnding::Failed, Some(word))),
        })
    }
}
