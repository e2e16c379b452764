//! The timer functions there are, and how one is run.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use super::{Invocation, Outcome};

/// A function that the host calls on a schedule. The host may call one twice, late, or while it
/// runs, and may kill the process at any moment: whatever it does must stand that.
pub trait Timer: Send + Sync {
    /// Its name, as its folder under `functions/` has it.
    fn function(&self) -> &'static str;

    /// Does the work of one call.
    fn run<'a>(&'a self, invocation: &'a Invocation) -> BoxFuture<'a, Outcome>;
}

/// All timer functions. Clones share them.
#[derive(Clone)]
pub struct Timers {
    timers: Arc<[Arc<dyn Timer>]>,
    deadline: Duration,
}

impl Timers {
    /// These timers. A call ends after `deadline`, before the host kills this process for it.
    pub fn new(timers: Vec<Arc<dyn Timer>>, deadline: Duration) -> Timers {
        Timers {
            timers: timers.into(),
            deadline,
        }
    }

    /// The names of the functions.
    pub fn functions(&self) -> impl Iterator<Item = &'static str> + '_ {
        self.timers.iter().map(|timer| timer.function())
    }

    /// Runs the function that the invocation names. The host logs the lines of a call that succeeded,
    /// and discards those of a call that failed, so the latter are logged here. A line that the failure
    /// repeats is not logged twice.
    pub async fn invoke(&self, invocation: Invocation) -> Outcome {
        let outcome = self.run(&invocation).await;
        if let Some(failure) = &outcome.failure {
            for line in outcome.lines.iter().filter(|line| !failure.contains(*line)) {
                log::info!("{line}");
            }
            log::error!("{} failed: {failure}", invocation.function);
        }
        outcome
    }

    async fn run(&self, invocation: &Invocation) -> Outcome {
        let found = self
            .timers
            .iter()
            .find(|timer| timer.function() == invocation.function);
        let Some(timer) = found else {
            let reason = format!("there is no timer function named {}", invocation.function);
            return Outcome::failed(Vec::new(), reason);
        };
        let work = AssertUnwindSafe(timer.run(invocation)).catch_unwind();
        match tokio::time::timeout(self.deadline, work).await {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(_)) => Outcome::failed(Vec::new(), "it panicked; the log has the place"),
            Err(_) => {
                let reason = format!("it took more than {:?}", self.deadline);
                Outcome::failed(Vec::new(), reason)
            }
        }
    }
}
