//! The timer functions, and their execution.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use super::{Handling, Invocation, Outcome, Timetable};

/// A function that the host calls on a schedule. The host may call it twice, late, or while it runs, and may
/// kill the process at any moment. An implementation must be correct in all these cases.
pub trait Timer: Send + Sync {
    /// The name of its folder under `functions/`.
    fn function(&self) -> &'static str;

    /// Executes one call, whose work has `limit`.
    fn run<'a>(&'a self, invocation: &'a Invocation, limit: Duration) -> BoxFuture<'a, Outcome>;
}

/// Accompanies the calls of timers.
pub trait Companion: Send + Sync {
    /// Completes `call` and returns its outcome, with more work before, beside and after it.
    fn accompany<'a>(
        &'a self,
        invocation: &'a Invocation,
        call: BoxFuture<'a, Outcome>,
    ) -> BoxFuture<'a, Outcome>;
}

/// All timer functions. Clones share them.
#[derive(Clone)]
pub struct Timers {
    all: Arc<[Arc<dyn Timer>]>,
    companion: Option<Arc<dyn Companion>>,
    timetable: Option<Arc<Timetable>>,
    deadline: Duration,
}

impl Timers {
    /// A call ends after `deadline`, before the host would kill this process for it. Its work has a twentieth
    /// less, so that its result is stored.
    pub fn new(timers: Vec<Arc<dyn Timer>>, deadline: Duration) -> Timers {
        Timers {
            all: timers.into(),
            companion: None,
            timetable: None,
            deadline,
        }
    }

    /// Each call is accompanied.
    #[must_use]
    pub fn accompanied_by(self, companion: Arc<dyn Companion>) -> Timers {
        Timers {
            companion: Some(companion),
            ..self
        }
    }

    /// Calls of functions that another scheduler runs do nothing.
    #[must_use]
    pub fn on(self, timetable: Option<Arc<Timetable>>) -> Timers {
        Timers { timetable, ..self }
    }

    /// The name of the function, if it is a timer.
    pub fn function(&self, name: &str) -> Option<&'static str> {
        self.timer(name).map(Timer::function)
    }

    fn timer(&self, name: &str) -> Option<&dyn Timer> {
        let mut timers = self.all.iter();
        timers
            .find(|timer| timer.function() == name)
            .map(|timer| &**timer)
    }

    /// Runs the function that the invocation names. The host logs the lines of a call that succeeded, and
    /// discards those of a call that failed, so this logs them. A line that is part of the failure is not
    /// logged twice.
    pub async fn invoke(&self, invocation: Invocation) -> Outcome {
        let timetable = self.timetable.as_ref();
        if timetable.is_some_and(|it| it.is_elsewhere(&invocation.function)) {
            let reason =
                "another scheduler runs it, because TIMERS_ELSEWHERE names it: nothing to do";
            return Outcome::handled(Handling::Elsewhere, reason.to_owned());
        }
        let call = self.call(&invocation).boxed();
        match &self.companion {
            Some(companion) => companion.accompany(&invocation, call).await,
            None => call.await,
        }
    }

    async fn call(&self, invocation: &Invocation) -> Outcome {
        let outcome = self.run(invocation).await;
        if let Some(failure) = &outcome.failure {
            for line in outcome.lines.iter().filter(|line| !failure.contains(*line)) {
                log::info!("{line}");
            }
            log::error!("{} failed: {failure}", invocation.function);
        }
        outcome
    }

    async fn run(&self, invocation: &Invocation) -> Outcome {
        let Some(timer) = self.timer(&invocation.function) else {
            let reason = format!("there is no timer function named {}", invocation.function);
            return Outcome::failed(Vec::new(), reason);
        };
        let limit = self.deadline * 19 / 20;
        let work = AssertUnwindSafe(timer.run(invocation, limit)).catch_unwind();
        match tokio::time::timeout(self.deadline, work).await {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(_)) => Outcome::failed(Vec::new(), "it panicked; see the log for the place"),
            Err(_) => {
                let reason = format!("it took more than {:?}", self.deadline);
                Outcome::failed(Vec::new(), reason)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A timer with a defect, and one that does not end by itself.
    enum Faulty {
        Panics,
        NeverEnds,
    }

    impl Timer for Faulty {
        fn function(&self) -> &'static str {
            match self {
                Faulty::Panics => "panics",
                Faulty::NeverEnds => "never_ends",
            }
        }

        fn run<'a>(&'a self, _: &'a Invocation, _: Duration) -> BoxFuture<'a, Outcome> {
            match self {
                Faulty::Panics => async { panic!("a defect") }.boxed(),
                Faulty::NeverEnds => std::future::pending().boxed(),
            }
        }
    }

    #[tokio::test]
    async fn a_call_that_panics_or_does_not_end_fails_and_the_next_one_is_run() {
        let all: Vec<Arc<dyn Timer>> = vec![Arc::new(Faulty::Panics), Arc::new(Faulty::NeverEnds)];
        let timers = Timers::new(all, Duration::from_millis(50));
        for (function, reason) in [
            ("panics", "it panicked; see the log for the place"),
            ("never_ends", "it took more than 50ms"),
            ("panics", "it panicked; see the log for the place"),
        ] {
            let invocation = super::super::parse(function, "id", b"").expect("an envelope");
            let call = timers.invoke(invocation);
            let outcome = tokio::time::timeout(Duration::from_secs(30), call).await;
            let failure = outcome.expect("it ends").failure;
            assert_eq!(failure.as_deref(), Some(reason));
        }
    }
}
