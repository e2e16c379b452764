//! Runs the slots that are due, oldest first, until the time is over.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::plan::{Call, plan};
use super::report::{Found, FunctionReport, Report, RunOutcome};
use crate::clock::Clock;
use crate::database::Error;
use crate::host::{Handling, Invocation, Outcome, Timers, Timetable};
use crate::ledger::Ledger;
use crate::telemetry::Context;

/// Runs what the first clock left. Clones share the runs.
#[derive(Clone)]
pub struct DueRuns {
    functions: Arc<[&'static str]>,
    timers: Timers,
    /// `None` if no host says where the app's files are. Then there are no schedules.
    timetable: Option<Arc<Timetable>>,
    ledger: Ledger,
    clock: Clock,
    stop: CancellationToken,
    /// The number of runs that are being executed, some of them after their response.
    executing: Arc<watch::Sender<usize>>,
}

/// One call.
#[derive(Clone, Copy, Debug)]
pub struct Request {
    /// The ledger stores it with each run.
    pub invocation_id: Uuid,
    /// The one function to run, also if it failed a short time ago; without it, all functions.
    pub function: Option<&'static str>,
    /// The time until the report. The run that is under way then continues, and no other run starts.
    pub wait: Duration,
}

impl DueRuns {
    pub fn new(
        functions: impl IntoIterator<Item = &'static str>,
        timers: Timers,
        timetable: Option<Arc<Timetable>>,
        ledger: Ledger,
        clock: Clock,
        stop: CancellationToken,
    ) -> DueRuns {
        DueRuns {
            functions: functions.into_iter().collect(),
            timers,
            timetable,
            ledger,
            clock,
            stop,
            executing: Arc::new(watch::Sender::new(0)),
        }
    }

    /// The timer functions.
    pub fn functions(&self) -> &[&'static str] {
        &self.functions
    }

    /// Runs each function that must run.
    ///
    /// # Errors
    /// The ledger cannot be read. Then nothing was run.
    pub async fn run(&self, request: Request) -> Result<Report, Error> {
        let ends = Instant::now() + request.wait;
        let at = (self.clock)();
        let mut functions = self.plan(&request, at).await?;
        // `None`, a function without a slot, is last.
        functions.sort_by_key(|it| (it.slot.is_none(), it.slot));
        let mut is_first = true;
        for report in &mut functions {
            if report.outcome != RunOutcome::Left {
                continue;
            }
            if self.stop.is_cancelled() {
                report.detail = Some("the program is stopping".to_owned());
            } else if is_first || Instant::now() < ends {
                is_first = false;
                self.execute(report, &request, ends).await;
            } else {
                report.detail = Some("the time of this call is over; call again".to_owned());
            }
        }
        Ok(Report { at, functions })
    }

    async fn plan(&self, request: &Request, now: Timestamp) -> Result<Vec<FunctionReport>, Error> {
        let timetable = self.timetable.as_deref();
        let histories = self
            .ledger
            .histories(&self.functions, timetable, now)
            .await?;
        let invocation_id = request.invocation_id.to_string();
        let call = Call {
            now,
            invocation_id: &invocation_id,
            is_named: request.function.is_some(),
        };
        let wanted = self.functions.iter();
        let wanted = wanted.filter(|it| request.function.is_none_or(|function| function == **it));
        let reports = wanted.filter_map(|function| {
            if let Some(reason) = timetable.and_then(|it| it.off(function)) {
                let detail = format!("the host does not run it: {reason}");
                return Some(FunctionReport::idle(function, Found::Off, Some(detail)));
            }
            if timetable.is_some_and(|it| it.is_elsewhere(function)) {
                let detail = "another scheduler runs it, because TIMERS_ELSEWHERE names it";
                return Some(FunctionReport::idle(
                    function,
                    Found::Off,
                    Some(detail.into()),
                ));
            }
            Some(plan(function, histories.get(function)?, &call))
        });
        Ok(reports.collect())
    }

    /// Starts the run, and waits for its end until `ends`.
    async fn execute(&self, report: &mut FunctionReport, request: &Request, ends: Instant) {
        let started = Instant::now();
        let slot = report.slot.expect("a function that must run has a slot");
        let run = self.start(report.function, slot, request.invocation_id);
        match timeout_at(ends, run).await {
            Ok(Ok(outcome)) => {
                let seconds = (started.elapsed().as_secs_f64() * 1e3).round() / 1e3;
                describe(report, outcome, seconds);
            }
            Ok(Err(_)) => {
                report.outcome = RunOutcome::Failed;
                report.detail = Some("the program stopped during the run".to_owned());
            }
            Err(_) => {
                report.outcome = RunOutcome::Running;
                report.detail = Some("it continues after this response".to_owned());
            }
        }
    }

    /// Starts a run in a task of its own, which also continues if the caller disconnects.
    fn start(&self, function: &'static str, slot: Timestamp, id: Uuid) -> JoinHandle<Outcome> {
        let invocation = Invocation {
            id: id.to_string(),
            scheduled: Some(slot),
            called: Some((self.clock)()),
            ..Invocation::by_hand(function.to_owned())
        };
        let (timers, executing) = (self.timers.clone(), Executing::new(&self.executing));
        let run = async move {
            let outcome = timers.invoke(invocation).await;
            if outcome.failure.is_none() {
                // The host does the same with the lines of its own call.
                outcome.lines.iter().for_each(|line| log::info!("{line}"));
            }
            drop(executing);
            outcome
        };
        match Context::current() {
            Some(context) => tokio::spawn(
                Context {
                    function,
                    ..context
                }
                .scope(run),
            ),
            None => tokio::spawn(run),
        }
    }

    /// Completes when no run is being executed.
    pub async fn ended(&self) {
        let mut executing = self.executing.subscribe();
        let ended = executing.wait_for(|number| *number == 0).await;
        ended.expect("the sender lives as long as this value");
    }
}

fn describe(report: &mut FunctionReport, outcome: Outcome, seconds: f64) {
    let mut lines = outcome.lines;
    report.outcome = match (outcome.handling, &outcome.failure) {
        (Handling::Elsewhere, _) => RunOutcome::Running,
        (Handling::Before, _) | (Handling::Executed, None) => RunOutcome::Succeeded,
        (Handling::Executed, Some(_)) => RunOutcome::Failed,
    };
    if outcome.handling == Handling::Executed {
        report.seconds = Some(seconds);
        report.lines = lines;
        report.detail = outcome.failure;
    } else {
        report.detail = outcome.failure.or_else(|| lines.pop());
    }
}

/// A run that is being executed, until this is dropped.
struct Executing(Arc<watch::Sender<usize>>);

impl Executing {
    fn new(number: &Arc<watch::Sender<usize>>) -> Executing {
        number.send_modify(|number| *number += 1);
        Executing(number.clone())
    }
}

impl Drop for Executing {
    fn drop(&mut self) {
        self.0.send_modify(|number| *number -= 1);
    }
}
