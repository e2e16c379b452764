//! Executes an invocation's work once for its slot.

use std::time::Duration;

use serde_json::Value;

use super::{Claim, Ledger, Run, RunResult, slot};
use crate::clock::Clock;
use crate::database::Error;
use crate::host::{Handling, Invocation, Outcome};

/// The result of an invocation's work.
pub struct Work {
    /// For the host.
    pub outcome: Outcome,
    /// Whether everything essential was done although the outcome is a failure.
    pub is_degraded: bool,
    /// Details for the ledger.
    pub summary: Value,
}

/// Time from the stop of the program until a run that goes on is recorded as interrupted. Backups and drills
/// clean up in it.
const CLEANUP: Duration = Duration::from_secs(4);

impl Work {
    pub fn new(outcome: Outcome, summary: Value) -> Work {
        Work {
            outcome,
            is_degraded: false,
            summary,
        }
    }

    fn failed(reason: impl Into<String>) -> Work {
        Work::new(Outcome::failed(Vec::new(), reason), Value::Null)
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
    /// The work has `limit`. If even the shortest of its last successful runs took longer, it fails before it
    /// starts: a run that is cut off would do the same work in vain.
    ///
    /// A second call for a slot that succeeded, or that is running, returns success and does nothing. A call
    /// for another slot while the function runs fails: its work is not executed, and the operator should
    /// know.
    pub async fn once<F: Future<Output = Work>>(
        &self,
        invocation: &Invocation,
        limit: Duration,
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
            Ok(Claim::Won(run)) => {
                let done = match self.rejection(&invocation.function, limit).await {
                    Some(reason) => Work::failed(reason),
                    None => Box::pin(self.within(&run, limit, work())).await,
                };
                self.store(run, done, clock).await
            }
            Ok(Claim::Finished(done)) => Outcome::handled(
                Handling::Before,
                format!(
                    "invocation {} finished the slot {slot} at {}: nothing to do",
                    done.invocation_id, done.finished
                ),
            ),
            Ok(Claim::Running(Some(holder))) if holder.slot == slot => Outcome::handled(
                Handling::Elsewhere,
                format!(
                    "invocation {} has been running the slot {slot} since {}: nothing to do",
                    holder.invocation_id, holder.started
                ),
            ),
            Ok(Claim::Running(_)) => Outcome {
                handling: Handling::Elsewhere,
                ..Outcome::failed(
                    Vec::new(),
                    format!("the slot {slot} was skipped: an earlier run is still running"),
                )
            },
        }
    }

    /// Why a run must not start.
    async fn rejection(&self, function: &str, limit: Duration) -> Option<String> {
        // If the database does not respond, the run is attempted.
        let shortest = self.shortest_success(function).await.ok()??;
        (shortest > limit).then(|| {
            format!(
                "it was rejected before it started: each of its last successful runs took {shortest:.0?} or \
                 longer, and its time limit is {limit:.0?}; raise functionTimeout in host.json"
            )
        })
    }

    async fn shortest_success(&self, function: &str) -> Result<Option<Duration>, Error> {
        let row = self.database.read_first(SHORTEST, &[&function]).await?;
        let milliseconds = row.and_then(|row| row.get::<_, Option<i64>>("milliseconds"));
        let milliseconds = milliseconds.and_then(|it| u64::try_from(it).ok());
        Ok(milliseconds.map(Duration::from_millis))
    }

    /// The work stops when the lock is lost, because another run may have begun.
    async fn within(&self, run: &Run, limit: Duration, work: impl Future<Output = Work>) -> Work {
        let stopped = async {
            self.stop.cancelled().await;
            tokio::time::sleep(CLEANUP).await;
        };
        tokio::select! {
            done = work => done,
            () = run.lost() => {
                Work::failed("it was stopped: the connection that holds the run's lock ended")
            }
            () = tokio::time::sleep(limit) => Work::failed(format!("it took more than {limit:.0?}")),
            () = stopped => Work::failed(format!("it did not end within {CLEANUP:?}")),
        }
    }

    /// A failure after the stop of the program is an interruption: the next call repeats the work immediately.
    async fn store(&self, run: Run, mut done: Work, clock: &Clock) -> Outcome {
        let failure = done.outcome.failure.as_mut();
        let interrupted = failure.filter(|_| self.stop.is_cancelled()).map(|failure| {
            *failure = format!("interrupted, because the program stopped: {failure}");
            failure.clone()
        });
        let result = interrupted.map_or_else(|| done.result(), RunResult::Interrupted);
        let slot = run.slot();
        match run.finish(&result, &done.summary, clock()).await {
            Ok(true) => {}
            Ok(false) => log::warn!("another run took the slot {slot} over; its result counts"),
            // The work was executed, or failed, in any case.
            Err(error) => log::error!("the result of slot {slot} could not be stored: {error}"),
        }
        done.outcome
    }
}

/// The shortest of the last successful runs. One that was slow once does not count.
const SHORTEST: &str = "\
    SELECT (extract(epoch FROM min(finished_at - started_at)) * 1000)::bigint AS milliseconds
      FROM (SELECT started_at, finished_at FROM function_run
             WHERE function = $1 AND (outcome = 'succeeded' OR degraded)
             ORDER BY slot DESC
             LIMIT 3) AS last";
