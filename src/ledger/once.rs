//! An invocation's work, done once for its slot.

use serde_json::Value;

use super::{Claim, Ledger, Run, Verdict, slot};
use crate::clock::Clock;
use crate::host::{Invocation, Outcome};

/// What an invocation's work leaves: the answer to the host, and a summary for the ledger.
pub struct Work {
    /// For the host.
    pub outcome: Outcome,
    /// Whether all that matters was done although the outcome is a failure.
    pub is_degraded: bool,
    /// Details, for people who ask the ledger later.
    pub summary: Value,
}

impl Work {
    /// Work that was done, or that failed.
    pub fn new(outcome: Outcome, summary: Value) -> Work {
        Work {
            outcome,
            is_degraded: false,
            summary,
        }
    }

    fn verdict(&self) -> Verdict {
        match &self.outcome.failure {
            None => Verdict::Succeeded,
            Some(failure) if self.is_degraded => Verdict::Degraded(failure.clone()),
            Some(failure) => Verdict::Failed(failure.clone()),
        }
    }
}

impl Ledger {
    /// Does `work` if the invocation's slot is to be had, and writes down what became of it.
    ///
    /// A second call for a slot that succeeded, or that is being worked on, answers success and
    /// does nothing. A call for another slot while the function runs fails: its work is left
    /// undone, and somebody should know.
    pub async fn once<F: Future<Output = Work>>(
        &self,
        invocation: &Invocation,
        clock: &Clock,
        work: impl FnOnce() -> F,
    ) -> Outcome {
        let slot = slot(invocation, clock());
        let claim = self.claim(&invocation.function, slot, &invocation.id, clock());
        match claim.await {
            Err(error) => Outcome::failed(
                Vec::new(),
                format!("the slot {slot} could not be claimed: {error}"),
            ),
            Ok(Claim::Won(run)) => Box::pin(worked_on(run, clock, work())).await,
            Ok(Claim::Finished(done)) => Outcome::succeeded(vec![format!(
                "the slot {slot} was done at {} by invocation {}: nothing to do",
                done.finished, done.invocation_id
            )]),
            Ok(Claim::Running(Some(holder))) if holder.slot == slot => {
                Outcome::succeeded(vec![format!(
                    "invocation {} is working on the slot {slot} since {}: nothing to do",
                    holder.invocation_id, holder.started
                )])
            }
            Ok(Claim::Running(_)) => Outcome::failed(
                Vec::new(),
                format!("the slot {slot} was left out: an earlier run is still under way"),
            ),
        }
    }
}

/// The work stops when the lock is lost, because another may have begun.
async fn worked_on(run: Run, clock: &Clock, work: impl Future<Output = Work>) -> Outcome {
    let done = tokio::select! {
        done = work => done,
        () = run.lost() => Work::new(
            Outcome::failed(
                Vec::new(),
                "it was stopped: the connection that holds the run's lock ended",
            ),
            Value::Null,
        ),
    };
    let slot = run.slot();
    match run.finish(&done.verdict(), &done.summary, clock()).await {
        Ok(true) => {}
        Ok(false) => log::warn!("another run took the slot {slot} over; its outcome counts"),
        // The work itself is done or not done all the same.
        Err(error) => log::error!("the outcome of slot {slot} could not be written: {error}"),
    }
    done.outcome
}
