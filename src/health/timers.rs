//! The health of the timers: whether the host runs each, its last due slot, and the result of that slot's
//! run.

use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use super::{Check, Finding, Status};
use crate::clock::Clock;
use crate::host::Timetable;
use crate::ledger::{History, Ledger, RecentRun, RunState, Scheduled};

/// A timer function and its limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WatchedTimer {
    pub function: &'static str,
    /// Slots in a row that failed or were missed until the check fails. Fewer are a warning.
    pub limit: usize,
}

/// Checks the ledger, and whether the host runs the timers.
pub struct TimerCheck {
    timers: &'static [WatchedTimer],
    /// `None` if no host says where the app's files are.
    timetable: Option<Arc<Timetable>>,
    ledger: Ledger,
    clock: Clock,
}

/// Limit for the check: less than the timeout of a probe.
const DEADLINE: Duration = Duration::from_secs(2);

/// Time that the host may need to call a timer. After the host was killed, its timers pause for a minute.
const GRACE: SignedDuration = SignedDuration::from_mins(2);

/// The same for another scheduler, which may first start a machine.
const GRACE_ELSEWHERE: SignedDuration = SignedDuration::from_mins(20);

/// The scheduler that runs a timer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scheduler {
    Host,
    /// One that runs the verb `run`.
    Other,
}

impl Scheduler {
    fn grace(self) -> SignedDuration {
        match self {
            Scheduler::Host => GRACE,
            Scheduler::Other => GRACE_ELSEWHERE,
        }
    }

    fn missed(self, function: &str, missed: usize) -> String {
        match self {
            Scheduler::Host => format!(
                "the host has not called {function} for the last {missed} slots or more; POST /run-due makes \
                 up for them; check whether the host runs and reaches its storage account"
            ),
            Scheduler::Other => format!(
                "no `magnusapi run {function}` began for the last {missed} slots or more; TIMERS_ELSEWHERE names \
                 it, so check its other scheduler, such as the CronJob and the events of its Jobs"
            ),
        }
    }
}

impl TimerCheck {
    pub fn new(
        timers: &'static [WatchedTimer],
        timetable: Option<Arc<Timetable>>,
        ledger: Ledger,
        clock: Clock,
    ) -> TimerCheck {
        TimerCheck {
            timers,
            timetable,
            ledger,
            clock,
        }
    }

    async fn findings(&self) -> Vec<Finding> {
        let now = (self.clock)();
        let functions: Vec<&str> = self.timers.iter().map(|it| it.function).collect();
        let timetable = self.timetable.as_deref();
        let histories = self.ledger.histories(&functions, timetable, now);
        let histories = tokio::time::timeout(DEADLINE, histories).await;
        // The database's check reports a database that does not respond.
        let histories = histories.ok().and_then(Result::ok).unwrap_or_default();
        let findings = self.timers.iter().filter_map(|timer| {
            if let Some(reason) = timetable.and_then(|it| it.off(timer.function)) {
                return Some(turned_off(timer, reason));
            }
            let is_elsewhere = timetable.is_some_and(|it| it.is_elsewhere(timer.function));
            let scheduler = if is_elsewhere {
                Scheduler::Other
            } else {
                Scheduler::Host
            };
            evaluate(timer, histories.get(timer.function)?, scheduler, now)
        });
        findings.collect()
    }
}

impl Check for TimerCheck {
    fn check(&self) -> BoxFuture<'_, Vec<Finding>> {
        self.findings().boxed()
    }
}

/// A slot and its outcome, as `/health` shows it.
#[derive(Serialize)]
struct LastDue {
    slot: Option<Timestamp>,
    outcome: &'static str,
}

/// The last due slot. `None` for a timer that never ran and was never due.
fn last_due(history: &History<'_>, missed: usize, now: Timestamp) -> Option<LastDue> {
    let last = history.runs.first();
    let due = history.scheduled.and_then(|Scheduled { schedule, since }| {
        // An interval counts from the last run.
        let counted = || schedule.next_after(last.map_or(since, RecentRun::covered));
        let due = schedule.last_until(now).or_else(counted)?;
        let is_covered = last.is_some_and(|run| due <= run.covered());
        (since < due && due <= now && !is_covered).then_some(due)
    });
    let (slot, outcome) = match (due, last) {
        (Some(due), _) if missed > 0 => (due, "missed"),
        (Some(due), _) => (due, "due"),
        (None, run) => run.map(|run| (run.slot, run.state.as_str()))?,
    };
    Some(LastDue {
        slot: Some(slot),
        outcome,
    })
}

fn evaluate(
    timer: &WatchedTimer,
    history: &History<'_>,
    scheduler: Scheduler,
    now: Timestamp,
) -> Option<Finding> {
    // Without those that the scheduler may still run.
    let missed = history.missed(timer.limit, now - scheduler.grace()).len();
    let failed = history.failed();
    let last = last_due(history, missed, now)?;
    let ended = history.last_ended();
    let problem = ended.and_then(|run| problem(timer.function, run));
    let bad = missed + failed;
    let status = if bad >= timer.limit {
        Status::Fail
    } else if problem.is_some() || bad > 0 {
        Status::Warn
    } else {
        Status::Ok
    };
    let missed = (missed > 0).then(|| scheduler.missed(timer.function, missed));
    let output: Vec<String> = missed.into_iter().chain(problem).collect();
    let output = (!output.is_empty()).then(|| output.join("; "));
    Some(finding(timer, &last, status, output))
}

/// The problem of a run that ended.
fn problem(function: &str, run: &RecentRun) -> Option<String> {
    let slot = run.slot;
    match &run.state {
        RunState::Succeeded | RunState::Running => None,
        RunState::Stopped => Some(format!(
            "the run of {slot} began at {} and its process ended before it finished; see the log of \
             {function}",
            run.started
        )),
        RunState::Degraded(reason) => Some(format!("the run of {slot} is degraded: {reason}")),
        RunState::Failed(reason) => Some(format!("the run of {slot} failed: {reason}")),
        RunState::Interrupted(reason) => Some(format!(
            "the run of {slot} was {reason}; POST /run-due runs it again"
        )),
    }
}

fn turned_off(timer: &WatchedTimer, reason: &str) -> Finding {
    let text = format!("the host does not run {}: {reason}", timer.function);
    let last = LastDue {
        slot: None,
        outcome: "off",
    };
    finding(timer, &last, Status::Fail, Some(text))
}

fn finding(
    timer: &WatchedTimer,
    last: &LastDue,
    status: Status,
    output: Option<String>,
) -> Finding {
    let value = serde_json::to_value(last).expect("an instant and a string always serialize");
    Finding {
        component_id: Some(timer.function.to_owned()),
        status,
        output,
        ..Finding::new("timer:last-due", value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use funcapp::Schedule;

    const TIMER: WatchedTimer = WatchedTimer {
        function: "scale",
        limit: 3,
    };

    fn at(text: &str) -> Timestamp {
        format!("2026-11-24T{text}Z").parse().expect("an instant")
    }

    fn run(slot: &str, started: &str, state: RunState) -> RecentRun {
        RecentRun::new(at(slot), at(started), state)
    }

    fn failed() -> RunState {
        RunState::Failed("403".into())
    }

    /// The status, the outcome and the slot at 12:00:30 of a timer that got its schedule of every five minutes
    /// at 10:00.
    fn evaluated(runs: Vec<RecentRun>) -> (Status, String, String) {
        evaluated_of(Scheduler::Host, runs)
    }

    fn evaluated_of(scheduler: Scheduler, runs: Vec<RecentRun>) -> (Status, String, String) {
        let schedule = Schedule::parse("0 */5 * * * *").expect("a schedule");
        let history = History {
            scheduled: Some(Scheduled {
                schedule: &schedule,
                since: at("10:00:00"),
            }),
            runs,
        };
        let finding = evaluate(&TIMER, &history, scheduler, at("12:00:30"));
        let finding = finding.expect("a finding");
        let text = |member: &str| {
            let value = &finding.observed_value[member];
            value.as_str().expect("a text").to_owned()
        };
        assert_eq!(finding.output.is_none(), finding.status == Status::Ok);
        (
            finding.status,
            text("outcome"),
            text("slot")[11..16].to_owned(),
        )
    }

    fn assert_evaluates(runs: Vec<RecentRun>, status: Status, outcome: &str, slot: &str) {
        assert_eq!(evaluated(runs), (status, outcome.into(), slot.into()));
    }

    #[test]
    fn the_last_slot_has_the_outcome_of_its_run() {
        let last = |state| vec![run("12:00:00", "12:00:01", state)];
        assert_evaluates(last(RunState::Succeeded), Status::Ok, "succeeded", "12:00");
        assert_evaluates(last(RunState::Running), Status::Ok, "running", "12:00");
        assert_evaluates(last(RunState::Stopped), Status::Warn, "stopped", "12:00");
        assert_evaluates(last(failed()), Status::Warn, "failed", "12:00");
        let interrupted = RunState::Interrupted("interrupted".into());
        assert_evaluates(last(interrupted), Status::Warn, "interrupted", "12:00");
        let degraded = RunState::Degraded("a rule".into());
        assert_evaluates(last(degraded), Status::Warn, "degraded", "12:00");
    }

    #[test]
    fn failures_in_a_row_fail_the_check_also_before_a_running_run() {
        let row = |last| {
            vec![
                run("12:00:00", "12:00:01", last),
                run("11:55:00", "11:55:01", failed()),
                run("11:50:00", "11:50:01", RunState::Stopped),
                run("11:45:00", "11:45:01", failed()),
                run("11:40:00", "11:40:01", RunState::Succeeded),
            ]
        };
        assert_evaluates(row(failed()), Status::Fail, "failed", "12:00");
        assert_evaluates(row(RunState::Running), Status::Fail, "running", "12:00");
        assert_evaluates(row(RunState::Succeeded), Status::Ok, "succeeded", "12:00");
    }

    #[test]
    fn slots_without_a_run_are_missed_after_the_grace_time() {
        let last = |slot| vec![run(slot, slot, RunState::Succeeded)];
        assert_evaluates(last("11:55:00"), Status::Ok, "due", "12:00");
        assert_evaluates(last("11:50:00"), Status::Warn, "missed", "12:00");
        assert_evaluates(last("11:40:00"), Status::Fail, "missed", "12:00");
        assert_evaluates(Vec::new(), Status::Fail, "missed", "12:00");
    }

    #[test]
    fn another_scheduler_has_more_time_for_a_slot() {
        let last = |slot| {
            let runs = vec![run(slot, slot, RunState::Succeeded)];
            let (status, outcome, _) = evaluated_of(Scheduler::Other, runs);
            (status, outcome)
        };
        assert_eq!(last("11:40:00"), (Status::Ok, "due".into()));
        assert_eq!(last("11:35:00"), (Status::Warn, "missed".into()));
    }

    #[test]
    fn a_late_run_covers_the_slots_before_it() {
        let late = vec![run("09:00:00", "12:00:10", RunState::Succeeded)];
        assert_evaluates(late, Status::Ok, "succeeded", "09:00");
        let early = vec![run("12:00:00", "11:59:59", RunState::Succeeded)];
        assert_evaluates(early, Status::Ok, "succeeded", "12:00");
    }

    #[test]
    fn slots_before_the_schedule_were_not_due() {
        let schedule = Schedule::parse("0 0 2 * * *").expect("a schedule");
        let history = History {
            scheduled: Some(Scheduled {
                schedule: &schedule,
                since: at("10:00:00"),
            }),
            runs: Vec::new(),
        };
        let finding = evaluate(&TIMER, &history, Scheduler::Host, at("12:00:00"));
        assert!(finding.is_none());
    }
}
