//! Whether a function must run, and for which slot.

use std::time::Duration;

use jiff::Timestamp;

use super::report::{Found, FunctionReport, RunOutcome};
use crate::ledger::{History, RecentRun, RunState};

/// Missed slots that are counted.
pub(super) const MOST_SLOTS: usize = 100;

/// The pause after a failed attempt. It doubles with each further attempt, up to a day: a run that fails every
/// time must not load the databases for ever.
const PAUSE: Duration = Duration::from_mins(5);
const LONGEST_PAUSE: Duration = Duration::from_hours(24);

/// Attempts that are repeated without a pause if their process ended. A run that ends its process each time
/// must not do so at each call.
const REPEATED_AT_ONCE: i32 = 2;

/// The call that the plan is for.
#[derive(Clone, Copy)]
pub(super) struct Call<'a> {
    pub(super) now: Timestamp,
    pub(super) invocation_id: &'a str,
    /// Whether the caller named the function. Then a failed slot has no pause.
    pub(super) is_named: bool,
}

/// The report about a function before its run. [`RunOutcome::Left`] without a detail means that it must run now.
pub(super) fn plan(
    function: &'static str,
    history: &History<'_>,
    call: &Call<'_>,
) -> FunctionReport {
    let idle = |found, detail| FunctionReport::idle(function, found, detail);
    let Some(last) = history.runs.first() else {
        return missed(function, history, call).unwrap_or_else(|| idle(Found::Nothing, None));
    };
    let slot = Some(last.slot);
    if last.state == RunState::Running {
        let detail = format!(
            "invocation {} has been running it since {}",
            last.invocation_id, last.started
        );
        return FunctionReport {
            slot,
            outcome: RunOutcome::Running,
            ..idle(Found::Running, Some(detail))
        };
    }
    if let Some(missed) = missed(function, history, call) {
        return missed;
    }
    let found = match last.state {
        RunState::Failed(_) => Found::Failed,
        RunState::Interrupted(_) => Found::Interrupted,
        RunState::Stopped => Found::Stopped,
        RunState::Running | RunState::Succeeded | RunState::Degraded(_) => {
            return idle(Found::Nothing, None);
        }
    };
    let obstacle = obstacle(last, call);
    let outcome = match obstacle {
        Some(_) => RunOutcome::Postponed,
        None => RunOutcome::Left,
    };
    FunctionReport {
        slot,
        outcome,
        ..idle(found, obstacle)
    }
}

fn missed(
    function: &'static str,
    history: &History<'_>,
    call: &Call<'_>,
) -> Option<FunctionReport> {
    let slots = history.missed(MOST_SLOTS, call.now);
    Some(FunctionReport {
        slot: Some(*slots.first()?),
        missed_slots: slots.len(),
        outcome: RunOutcome::Left,
        ..FunctionReport::idle(function, Found::Missed, None)
    })
}

/// Why a failed slot must not run now.
fn obstacle(last: &RecentRun, call: &Call<'_>) -> Option<String> {
    let has_stopped = last.state == RunState::Stopped;
    // The host resends a request without a body when the process ends. The third process that ends would end
    // the host.
    if has_stopped && last.invocation_id == call.invocation_id {
        return Some(
            "its process ended while this request ran it; the next call runs it".to_owned(),
        );
    }
    let from = last.started + pause(last);
    (!call.is_named && call.now < from).then(|| {
        let attempts = last.attempt;
        format!("attempt {attempts} did not succeed; calls from {from} on run it again")
    })
}

fn pause(last: &RecentRun) -> Duration {
    let ended_with_the_process = matches!(last.state, RunState::Stopped | RunState::Interrupted(_));
    if ended_with_the_process && last.attempt <= REPEATED_AT_ONCE {
        return Duration::ZERO;
    }
    let doublings = u32::try_from(last.attempt - 1).unwrap_or_default();
    let pause = PAUSE.saturating_mul(2_u32.saturating_pow(doublings));
    pause.min(LONGEST_PAUSE)
}

#[cfg(test)]
mod tests {
    use funcapp::Schedule;

    use super::*;
    use crate::ledger::Scheduled;

    fn at(text: &str) -> Timestamp {
        format!("2026-11-24T{text}Z").parse().expect("an instant")
    }

    fn run(time: &str, state: RunState, attempt: i32) -> RecentRun {
        RecentRun {
            attempt,
            ..RecentRun::new(at(time), at(time), state)
        }
    }

    /// The report at 12:00:30 about a function that got its schedule of every hour at 01:30.
    fn planned(runs: Vec<RecentRun>, is_named: bool, invocation_id: &str) -> FunctionReport {
        let schedule = Schedule::parse("0 0 * * * *").expect("a schedule");
        let scheduled = Scheduled {
            schedule: &schedule,
            since: at("01:30:00"),
        };
        let history = History {
            scheduled: Some(scheduled),
            runs,
        };
        let call = Call {
            now: at("12:00:30"),
            invocation_id,
            is_named,
        };
        plan("scale", &history, &call)
    }

    /// Compares the finding, the outcome and the time of the slot.
    #[track_caller]
    fn assert_plan(runs: Vec<RecentRun>, expected: &str) {
        let FunctionReport {
            found,
            outcome,
            slot,
            ..
        } = planned(runs, false, "two");
        let slot = slot.map_or(String::new(), |slot| slot.strftime(" %T").to_string());
        assert_eq!(format!("{found:?} {outcome:?}{slot}"), expected);
    }

    #[test]
    fn one_run_makes_up_for_all_missed_slots_and_takes_the_oldest() {
        let done = |time| vec![run(time, RunState::Succeeded, 1)];
        assert_plan(done("12:00:00"), "Nothing Nothing");
        assert_plan(done("11:00:00"), "Missed Left 12:00:00");
        assert_plan(done("08:00:00"), "Missed Left 09:00:00");
        assert_eq!(planned(done("08:00:00"), false, "two").missed_slots, 4);
        assert_plan(Vec::new(), "Missed Left 02:00:00");
        // The slots after a failed one include its work.
        let failed = vec![run("10:00:00", RunState::Failed("403".into()), 1)];
        assert_plan(failed, "Missed Left 11:00:00");
    }

    #[test]
    fn a_run_that_is_under_way_is_not_repeated() {
        let running = vec![run("09:00:00", RunState::Running, 1)];
        assert_plan(running, "Running Running 09:00:00");
        let degraded = vec![run("12:00:00", RunState::Degraded("a rule".into()), 1)];
        assert_plan(degraded, "Nothing Nothing");
    }

    #[test]
    fn a_failed_slot_is_repeated_after_a_pause_and_an_interrupted_one_immediately() {
        let last = |state, attempt| vec![run("12:00:00", state, attempt)];
        let failed = || RunState::Failed("403".into());
        let interrupted = RunState::Interrupted("interrupted".into());
        assert_plan(last(failed(), 1), "Failed Postponed 12:00:00");
        assert_plan(last(interrupted, 1), "Interrupted Left 12:00:00");
        assert_plan(last(RunState::Stopped, 2), "Stopped Left 12:00:00");
        assert_plan(last(RunState::Stopped, 3), "Stopped Postponed 12:00:00");
        // A function that the caller names has no pause.
        let named = planned(last(failed(), 9), true, "two");
        assert_eq!(named.outcome, RunOutcome::Left);
    }

    #[test]
    fn the_request_that_ended_the_process_does_not_repeat_its_run() {
        let stopped = vec![run("12:00:00", RunState::Stopped, 1)];
        let resent = planned(stopped, true, "one");
        assert_eq!(resent.outcome, RunOutcome::Postponed);
        assert!(resent.detail.is_some_and(|it| it.contains("this request")));
    }

    #[test]
    fn pauses_double_up_to_a_day() {
        let pause = |attempt| pause(&run("12:00:00", RunState::Failed("403".into()), attempt));
        let minutes = [1, 2, 3, 9, 10, i32::MAX].map(|it| pause(it).as_secs() / 60);
        assert_eq!(minutes, [5, 10, 20, 1280, 1440, 1440]);
    }
}
