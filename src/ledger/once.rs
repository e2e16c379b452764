//! Executes an invocation's work once for its slot.

use serde_json::Value;

use super::{Claim, Ledger, Run, RunResult, slot};
use crate::clock::Clock;
use crate::host::{Invocation, Outcome};

/// The result of an invocation's work.
pub struct Work {
    /// For the host.
    pub outcome: Outcome,
    /// Whether everything essential was done although the outcome is a failure.
    pub is_degraded: bool,
    /// Details for the ledger.
    pub summary: Value,
}

impl Work {
    pub fn new(outcome: Outcome, summary: Value) -> Work {
        Work {
            outcome,
            is_degraded: false,
            summary,
        }
    }

    fn result(&self) -> RunResult {
        match &self.outcome.failure {
            None => RunResult::Succeeded,
            Some(failure) if self.is_degraded => RunResult::Degraded(failure.clone()),
            Some(failure) => RunResult::Failed(failure.clone()),
        }
    }
}

impl Ledger {
    /// Executes `work` if the invocation's slot is free, and stores the result.
    ///
    /// A second call for a slot that succeeded, or that is running, returns success and does nothing. A call
    /// for another slot while the function runs fails: its work is not executed, and the operator should
    /// know.
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
            Ok(Claim::Won(run)) => Box::pin(execute(run, clock, work())).await,
            Ok(Claim::Finished(done)) => Outcome::succeeded(vec![format!(
                "invocation {} finished the slot {slot} at {}: nothing to do",
                done.invocation_id, done.finished
            )]),
            Ok(Claim::Running(Some(holder))) if holder.slot == slot => {
                Outcome::succeeded(vec![format!(
                    "invocation {} has been running the slot {slot} since {}: nothing to do",
                    holder.invocation_id, holder.started
                )])
            }
            Ok(Claim::Running(_)) => Outcome::failed(
                Vec::new(),
                format!("the slot {slot} was skipped: an earlier run is still running"),
            ),
        }
    }
}

/// The work stops when the lock is lost, because another run may have begun.
async fn execute(run: Run, clock: &Clock, work: impl Future<Output = Work>) -> Outcome {
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
    match run.finish(&done.result(), &done.summary, clock()).await {
        Ok(true) => {}
        Ok(false) => log::warn!("another run took the slot {slot} over; its result counts"),
        // The work was executed, or failed, in any case.
        Err(error) => log::error!("the result of slot {slot} could not be stored: {error}"),
    }
    done.outcome
}
