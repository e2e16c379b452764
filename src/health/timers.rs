//! The health of the timers: whether the host runs each, its last due slot, and how that slot's run
//! ended.

use std::collections::BTreeMap;
use std::time::Duration;

use funcapp::Schedule;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::{Check, Finding, Status};
use crate::clock::Clock;
use crate::host::Timetable;
use crate::ledger::{Ledger, Recent, State};

/// A timer function, and the bad slots in a row that make its check fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WatchedTimer {
    /// The function's name.
    pub function: &'static str,
    /// So many slots in a row that failed or were missed are a failure; fewer are a warning.
    pub limit: usize,
}

/// Looks at the ledger, and at what the host does with the timers.
pub struct TimerCheck {
    timers: &'static [WatchedTimer],
    /// None where no host says where the app's files are.
    timetable: Option<Timetable>,
    ledger: Ledger,
    clock: Clock,
}

/// Time for the look: less than the patience of any probe.
const DEADLINE: Duration = Duration::from_secs(2);

/// Time that the host may take to call a timer. After the host was killed, its timers stay off for a
/// minute.
const GRACE: SignedDuration = SignedDuration::from_mins(2);

impl TimerCheck {
    /// For these timers.
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
        let standings = tokio::time::timeout(DEADLINE, self.standings(now)).await;
        // A database that does not answer is a finding of the database's check.
        let standings = standings.ok().flatten().unwrap_or_default();
        let findings = self.timers.iter().filter_map(|timer| {
            if let Some(off) = self
                .timetable
                .as_ref()
                .and_then(|it| it.off(timer.function))
            {
                return Some(turned_off(timer, off));
            }
            judge(timer, standings.get(timer.function)?, now)
        });
        findings.collect()
    }

    async fn standings(&self, now: Timestamp) -> Option<BTreeMap<&'static str, Standing<'_>>> {
        let functions: Vec<&str> = self.timers.iter().map(|it| it.function).collect();
        let mut runs = self.ledger.recent(&functions).await.ok()?;
        let mut since = self.since(now).await;
        let standings = self.timers.iter().map(|timer| {
            let schedule = self.timetable.as_ref()?.schedule(timer.function);
            let since = since.remove(timer.function).unwrap_or(now);
            Some((schedule?, since))
        });
        let names = self.timers.iter().map(|it| it.function);
        let standings = names.zip(standings).map(|(function, scheduled)| {
            let runs = runs.remove(function).unwrap_or_default();
            (function, Standing { scheduled, runs })
        });
        Some(standings.collect())
    }

    /// Since when each timer has its schedule. One that the host does not run has none, so that slots
    /// of that time do not count as missed later.
    async fn since(&self, now: Timestamp) -> BTreeMap<String, Timestamp> {
        let Some(timetable) = &self.timetable else {
            return BTreeMap::new();
        };
        let schedules = self.timers.iter().map(|timer| {
            let schedule = timetable.schedule(timer.function);
            (timer.function, schedule.map_or("", Schedule::as_str))
        });
        let schedules: Vec<(&str, &str)> = schedules.collect();
        // A database that cannot be written to is a finding of the database's check.
        let since = self.ledger.scheduled_since(&schedules, now).await;
        since.unwrap_or_default()
    }
}

impl Check for TimerCheck {
    fn look(&self) -> BoxFuture<'_, Vec<Finding>> {
        self.findings().boxed()
    }
}

/// What is known of a timer that the host runs.
struct Standing<'a> {
    /// Its schedule and since when it has that, where they are known.
    scheduled: Option<(&'a Schedule, Timestamp)>,
    /// Its last runs, the last one first.
    runs: Vec<Recent>,
}

impl Standing<'_> {
    /// The slots in a row that were missed: those since the last run, but for the time that the host
    /// may take. A run that goes on keeps the host from calling again.
    fn missed(&self, limit: usize, now: Timestamp) -> usize {
        let last = self.runs.first();
        match self.scheduled {
            Some((schedule, since)) if last.is_none_or(|it| it.state != State::Running) => {
                let covered = last.map_or(since, |run| since.max(covered(run)));
                let due = schedule.upcoming(covered, limit).into_iter();
                due.filter(|slot| *slot <= now - GRACE).count()
            }
            _ => 0,
        }
    }

    /// The runs in a row that failed. One that goes on has not failed yet, and ends no row.
    fn failed(&self) -> usize {
        let ended = self.runs.iter().filter(|run| run.state != State::Running);
        ended
            .take_while(|run| matches!(run.state, State::Failed(_) | State::Stopped))
            .count()
    }

    /// The slot that was due last, and what became of it.
    fn last(&self, missed: usize, now: Timestamp) -> Option<(Timestamp, &'static str)> {
        let last = self.runs.first();
        let due = self.scheduled.and_then(|(schedule, since)| {
            // An interval counts from the last run.
            let counted = || schedule.next_after(last.map_or(since, covered));
            let due = schedule.last_until(now).or_else(counted)?;
            let is_covered = last.is_some_and(|run| due <= covered(run));
            (since < due && due <= now && !is_covered).then_some(due)
        });
        match (due, last) {
            (Some(due), _) if missed > 0 => Some((due, "missed")),
            (Some(due), _) => Some((due, "due")),
            (None, run) => run.map(|run| (run.slot, outcome(&run.state))),
        }
    }
}

/// Until when a run covers the slots: a late run stands for all that were missed before it.
fn covered(run: &Recent) -> Timestamp {
    run.slot.max(run.started)
}

fn outcome(state: &State) -> &'static str {
    match state {
        State::Running => "running",
        State::Stopped => "stopped",
        State::Succeeded => "succeeded",
        State::Degraded(_) => "degraded",
        State::Failed(_) => "failed",
    }
}

/// Nothing is known of a timer that never ran and was never due.
fn judge(timer: &WatchedTimer, standing: &Standing<'_>, now: Timestamp) -> Option<Finding> {
    let missed = standing.missed(timer.limit, now);
    let failed = standing.failed();
    let (slot, outcome) = standing.last(missed, now)?;
    let ended = standing.runs.iter().find(|it| it.state != State::Running);
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
            "the host has not called {} for the last {missed} slots or more; see whether the host \
             runs and reaches its storage account",
            timer.function
        )
    });
    let output: Vec<String> = missed.into_iter().chain(problem).collect();
    let output = (!output.is_empty()).then(|| output.join("; "));
    Some(finding(timer, Some(slot), outcome, status, output))
}

/// What was wrong with a run that ended.
fn problem(function: &str, run: &Recent) -> Option<String> {
    let slot = run.slot;
    match &run.state {
        State::Succeeded | State::Running => None,
        State::Stopped => Some(format!(
            "the run of {slot} began at {} and its process ended before it finished; see the log of \
             {function}",
            run.started
        )),
        State::Degraded(reason) => Some(format!("the run of {slot} is degraded: {reason}")),
        State::Failed(reason) => Some(format!("the run of {slot} failed: {reason}")),
    }
}

fn turned_off(timer: &WatchedTimer, off: &str) -> Finding {
    let text = format!("the host does not run {}: {off}", timer.function);
    finding(timer, None, "off", Status::Fail, Some(text))
}

fn finding(
    timer: &WatchedTimer,
    slot: Option<Timestamp>,
    outcome: &'static str,
    status: Status,
    output: Option<String>,
) -> Finding {
    Finding {
        key: "timer:last-due",
        component_id: Some(timer.function.to_owned()),
        component_type: "component",
        observed_value: json!({ "slot": slot, "outcome": outcome }),
        observed_unit: None,
        status,
        output,
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

    fn run(slot: &str, started: &str, state: State) -> Recent {
        Recent::new(at(slot), at(started), state)
    }

    fn failed() -> State {
        State::Failed("403".into())
    }

    /// The status, the outcome and the slot of a timer of every five minutes that has its schedule
    /// since 10:00, at 12:00:30.
    fn judged(runs: Vec<Recent>) -> (Status, String, String) {
        let schedule = Schedule::parse("0 */5 * * * *").expect("a schedule");
        let standing = Standing {
            scheduled: Some((&schedule, at("10:00:00"))),
            runs,
        };
        let finding = judge(&TIMER, &standing, at("12:00:30")).expect("a finding");
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

    fn expect(runs: Vec<Recent>, status: Status, outcome: &str, slot: &str) {
        assert_eq!(judged(runs), (status, outcome.into(), slot.into()));
    }

    #[test]
    fn a_run_of_the_last_slot_is_judged_by_its_end() {
        let last = |state| vec![run("12:00:00", "12:00:01", state)];
        expect(last(State::Succeeded), Status::Ok, "succeeded", "12:00");
        expect(last(State::Running), Status::Ok, "running", "12:00");
        expect(last(State::Stopped), Status::Warn, "stopped", "12:00");
        expect(last(failed()), Status::Warn, "failed", "12:00");
        let degraded = State::Degraded("a rule".into());
        expect(last(degraded), Status::Warn, "degraded", "12:00");
    }

    #[test]
    fn failures_in_a_row_fail_the_check_and_a_run_that_goes_on_does_not_end_the_row() {
        let row = |last| {
            vec![
                run("12:00:00", "12:00:01", last),
                run("11:55:00", "11:55:01", failed()),
                run("11:50:00", "11:50:01", State::Stopped),
                run("11:45:00", "11:45:01", failed()),
                run("11:40:00", "11:40:01", State::Succeeded),
            ]
        };
        expect(row(failed()), Status::Fail, "failed", "12:00");
        expect(row(State::Running), Status::Fail, "running", "12:00");
        expect(row(State::Succeeded), Status::Ok, "succeeded", "12:00");
    }

    #[test]
    fn slots_without_a_run_are_missed_after_the_time_that_the_host_may_take() {
        let last = |slot| vec![run(slot, slot, State::Succeeded)];
        expect(last("11:55:00"), Status::Ok, "due", "12:00");
        expect(last("11:50:00"), Status::Warn, "missed", "12:00");
        expect(last("11:40:00"), Status::Fail, "missed", "12:00");
        expect(Vec::new(), Status::Fail, "missed", "12:00");
    }

    #[test]
    fn a_late_run_stands_for_the_slots_before_it() {
        let late = vec![run("09:00:00", "12:00:10", State::Succeeded)];
        expect(late, Status::Ok, "succeeded", "09:00");
        let early = vec![run("12:00:00", "11:59:59", State::Succeeded)];
        expect(early, Status::Ok, "succeeded", "12:00");
    }

    #[test]
    fn slots_before_the_schedule_were_not_due() {
        let schedule = Schedule::parse("0 0 2 * * *").expect("a schedule");
        let standing = Standing {
            scheduled: Some((&schedule, at("10:00:00"))),
            runs: Vec::new(),
        };
        assert!(judge(&TIMER, &standing, at("12:00:00")).is_none());
    }
}
