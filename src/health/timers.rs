//! The health of the timers: whether the host runs each, its last due slot, and the result of that slot's
//! run.

use std::collections::BTreeMap;
use std::time::Duration;

use funcapp::Schedule;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use super::{Check, Finding, Status};
use crate::clock::Clock;
use crate::host::Timetable;
use crate::ledger::{Ledger, RecentRun, RunState};

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
    timetable: Option<Timetable>,
    ledger: Ledger,
    clock: Clock,
}

/// Limit for the check: less than the timeout of a probe.
const DEADLINE: Duration = Duration::from_secs(2);

/// Time that the host may need to call a timer. After the host was killed, its timers pause for a minute.
const GRACE: SignedDuration = SignedDuration::from_mins(2);

impl TimerCheck {
    pub fn new(
        timers: &'static [WatchedTimer],
        timetable: Option<Timetable>,
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
        let histories = tokio::time::timeout(DEADLINE, self.histories(now)).await;
        // The database's check reports a database that does not respond.
        let histories = histories.ok().flatten().unwrap_or_default();
        let findings = self.timers.iter().filter_map(|timer| {
            let off = self.timetable.as_ref();
            match off.and_then(|it| it.off(timer.function)) {
                Some(reason) => Some(turned_off(timer, reason)),
                None => evaluate(timer, histories.get(timer.function)?, now),
            }
        });
        findings.collect()
    }

    async fn histories(&self, now: Timestamp) -> Option<BTreeMap<&'static str, History<'_>>> {
        let functions: Vec<&str> = self.timers.iter().map(|it| it.function).collect();
        let mut runs = self.ledger.recent(&functions).await.ok()?;
        let mut since = self.since(now).await;
        let histories = self.timers.iter().map(|timer| {
            let timetable = self.timetable.as_ref();
            let schedule = timetable.and_then(|it| it.schedule(timer.function));
            let since = since.remove(timer.function).unwrap_or(now);
            let history = History {
                scheduled: schedule.map(|schedule| Scheduled { schedule, since }),
                runs: runs.remove(timer.function).unwrap_or_default(),
            };
            (timer.function, history)
        });
        Some(histories.collect())
    }

    /// When each timer got its schedule. A timer that the host does not run has an empty one, so that its
    /// slots do not count as missed later.
    async fn since(&self, now: Timestamp) -> BTreeMap<String, Timestamp> {
        let Some(timetable) = &self.timetable else {
            return BTreeMap::new();
        };
        let schedules = self.timers.iter().map(|timer| {
            let schedule = timetable.schedule(timer.function);
            (timer.function, schedule.map_or("", Schedule::as_str))
        });
        let schedules: Vec<(&str, &str)> = schedules.collect();
        // The database's check reports a database that is not writable.
        let since = self.ledger.scheduled_since(&schedules, now).await;
        since.unwrap_or_default()
    }
}

impl Check for TimerCheck {
    fn check(&self) -> BoxFuture<'_, Vec<Finding>> {
        self.findings().boxed()
    }
}

/// The known data of a timer that the host runs.
struct History<'a> {
    /// Known if there is a host.
    scheduled: Option<Scheduled<'a>>,
    /// The last runs, the newest first.
    runs: Vec<RecentRun>,
}

/// A schedule, and when the timer got it.
#[derive(Clone, Copy)]
struct Scheduled<'a> {
    schedule: &'a Schedule,
    since: Timestamp,
}

/// A slot and its outcome, as `/health` shows it.
#[derive(Serialize)]
struct LastDue {
    slot: Option<Timestamp>,
    outcome: &'static str,
}

impl History<'_> {
    /// The number of missed slots in a row, up to `limit`: slots since the last run, without those that the
    /// host may still call. The host does not call a timer while it runs.
    fn missed(&self, limit: usize, now: Timestamp) -> usize {
        let last = self.runs.first();
        match self.scheduled {
            Some(Scheduled { schedule, since })
                if last.is_none_or(|it| it.state != RunState::Running) =>
            {
                let covered = last.map_or(since, |run| since.max(covered(run)));
                let due = schedule.upcoming(covered, limit).into_iter();
                due.filter(|slot| *slot <= now - GRACE).count()
            }
            _ => 0,
        }
    }

    /// The number of failed runs in a row. A run that is still running does not interrupt the row.
    fn failed(&self) -> usize {
        let runs = self.runs.iter();
        let ended = runs.filter(|run| run.state != RunState::Running);
        ended
            .take_while(|run| matches!(run.state, RunState::Failed(_) | RunState::Stopped))
            .count()
    }

    /// The last due slot. `None` for a timer that never ran and was never due.
    fn last(&self, missed: usize, now: Timestamp) -> Option<LastDue> {
        let last = self.runs.first();
        let due = self.scheduled.and_then(|Scheduled { schedule, since }| {
            // An interval counts from the last run.
            let counted = || schedule.next_after(last.map_or(since, covered));
            let due = schedule.last_until(now).or_else(counted)?;
            let is_covered = last.is_some_and(|run| due <= covered(run));
            (since < due && due <= now && !is_covered).then_some(due)
        });
        let (slot, outcome) = match (due, last) {
            (Some(due), _) if missed > 0 => (due, "missed"),
            (Some(due), _) => (due, "due"),
            (None, run) => run.map(|run| (run.slot, outcome(&run.state)))?,
        };
        Some(LastDue {
            slot: Some(slot),
            outcome,
        })
    }
}

/// The end of the time that a run covers: a late run covers all slots that were missed before it.
fn covered(run: &RecentRun) -> Timestamp {
    run.slot.max(run.started)
}

fn outcome(state: &RunState) -> &'static str {
    match state {
        RunState::Running => "running",
        RunState::Stopped => "stopped",
        RunState::Succeeded => "succeeded",
        RunState::Degraded(_) => "degraded",
        RunState::Failed(_) => "failed",
    }
}

fn evaluate(timer: &WatchedTimer, history: &History<'_>, now: Timestamp) -> Option<Finding> {
    let missed = history.missed(timer.limit, now);
    let failed = history.failed();
    let last = history.last(missed, now)?;
    let mut runs = history.runs.iter();
    let ended = runs.find(|it| it.state != RunState::Running);
    let problem = ended.and_then(|run| problem(timer.function, run));
    let bad = missed + failed;
    let status = if bad >= timer.limit {
        Status::Fail
    } else if problem.is_some() || bad > 0 {
        Status::Warn
    } else {
        Status::Ok
    };
    let missed = (missed > 0).then(|| {
        format!(
            "the host has not called {} for the last {missed} slots or more; check whether the host runs \
             and reaches its storage account",
            timer.function
        )
    });
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
        let schedule = Schedule::parse("0 */5 * * * *").expect("a schedule");
        let history = History {
            scheduled: Some(Scheduled {
                schedule: &schedule,
                since: at("10:00:00"),
            }),
            runs,
        };
        let finding = evaluate(&TIMER, &history, at("12:00:30")).expect("a finding");
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
        assert!(evaluate(&TIMER, &history, at("12:00:00")).is_none());
    }
}
