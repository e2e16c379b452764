//! One task per timer: runs it by its schedule, never beside itself.
//!
//! Source: azure-webjobs-sdk-extensions, `TimerListener.cs`.

use std::{
    sync::{Arc, PoisonError},
    time::Duration,
};

use funcapp::{Function, Schedule, TimerTrigger};
use jiff::Timestamp;

use super::{record::Record, run::run_scheduled};
use crate::{
    call::{Recorded, ScheduleStatus, TimerCall},
    log::Level,
    shared::Shared,
};

/// The longest sleep at a stretch: a clock that is set, or a machine that was suspended, is
/// noticed after that time.
const LONGEST_SLEEP: Duration = Duration::from_secs(30);

/// A run to come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Due {
    at: Timestamp,
    /// The occurrence that the run is for: `Next` in its envelope.
    occurrence: Timestamp,
    past: bool,
}

impl Due {
    fn on_time(at: Timestamp) -> Self {
        Self {
            at,
            occurrence: at,
            past: false,
        }
    }
}

/// Runs the timer `function` by its schedule, until the host stops or the schedule has no further run.
pub(crate) async fn run_by_schedule(shared: Arc<Shared>, function: Function) {
    let name = function.name.as_str();
    let (Some(timer), Some(schedule)) = (function.timer(), shared.schedule(name)) else {
        return;
    };
    let monitored = timer.use_monitor && !schedule.is_sub_minute();
    let folder = shared.state.as_deref().filter(|_| monitored);
    let record = Record::new(folder, name, schedule.as_str());
    let recorded = record.read().unwrap_or_else(|error| {
        let text =
            format!("the record of the runs of {name} is unreadable and is replaced: {error}");
        shared.journal.host(Level::Error, text);
        None
    });
    let mut last = recorded.and_then(|recorded| recorded.last);
    let mut due = first(timer, schedule, recorded, Timestamp::now());
    if let (Some(due), None) = (due, recorded) {
        let next = due.occurrence;
        note(&shared, name, &record, Recorded { last, next });
    }
    while let Some(this) = due {
        tokio::select! {
            biased;
            () = shared.stopping.cancelled() => return,
            () = sleep_until(this.at) => {}
        }
        let next = this.occurrence;
        let call = TimerCall {
            framing: shared.framing,
            schedule_status: if monitored {
                ScheduleStatus::Recorded(Recorded { last, next })
            } else {
                ScheduleStatus::Null
            },
            past_due: this.past,
            ..TimerCall::default()
        };
        let started = Timestamp::now();
        run_scheduled(&shared, &function, call).await;
        due = following(schedule, this, started, Timestamp::now());
        if let Some(due) = due {
            last = Some(started);
            let next = due.occurrence;
            note(&shared, name, &record, Recorded { last, next });
        }
    }
}

/// The first run after a start: at once if one was missed or the timer wants it, else by schedule.
fn first(
    timer: &TimerTrigger,
    schedule: &Schedule,
    recorded: Option<Recorded>,
    now: Timestamp,
) -> Option<Due> {
    let next = schedule.next_after(now);
    match recorded {
        Some(recorded) if recorded.next < now => Some(Due {
            at: now,
            occurrence: recorded.next,
            past: true,
        }),
        _ if timer.run_on_startup => Some(Due {
            at: now,
            occurrence: next.unwrap_or(now),
            past: false,
        }),
        _ => next.map(Due::on_time),
    }
}

/// The run after `this`, which began at `started`: by schedule, or at once where that time has
/// passed meanwhile. Several missed ones are one run.
fn following(schedule: &Schedule, this: Due, started: Timestamp, now: Timestamp) -> Option<Due> {
    // A run can begin a moment before its time.
    let begun = if this.at == this.occurrence {
        started.max(this.at)
    } else {
        started
    };
    schedule.next_after(begun).map(|next| Due {
        at: next.max(now),
        occurrence: next,
        past: false,
    })
}

/// Sleeps until `instant` of the wall clock.
async fn sleep_until(instant: Timestamp) {
    loop {
        let Ok(left) = Duration::try_from(Timestamp::now().duration_until(instant)) else {
            return;
        };
        if left.is_zero() {
            return;
        }
        tokio::time::sleep(left.min(LONGEST_SLEEP)).await;
    }
}

fn note(shared: &Shared, name: &str, record: &Record, recorded: Recorded) {
    let mut runs = shared.runs.lock().unwrap_or_else(PoisonError::into_inner);
    runs.insert(name.to_owned(), recorded);
    drop(runs);
    if let Err(error) = record.write(recorded) {
        let text = format!(
            "cannot record the run of {name}, so the host would not notice a missed run: {error}"
        );
        shared.journal.host(Level::Error, text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn instant(text: &str) -> Timestamp {
        format!("2026-09-14T{text}Z").parse().expect("an instant")
    }

    fn hourly() -> Schedule {
        Schedule::parse("0 0 * * * *").expect("a schedule")
    }

    fn start(run_on_startup: bool, next: Option<&str>) -> Due {
        let timer = TimerTrigger {
            binding: "timer".to_owned(),
            schedule: "0 0 * * * *".to_owned(),
            run_on_startup,
            use_monitor: true,
        };
        let recorded = next.map(|next| Recorded {
            last: None,
            next: instant(next),
        });
        first(&timer, &hourly(), recorded, instant("03:30:00")).expect("a run")
    }

    fn due(at: &str, occurrence: &str, past: bool) -> Due {
        Due {
            at: instant(at),
            occurrence: instant(occurrence),
            past,
        }
    }

    #[test]
    fn first_run_is_missed_or_at_startup_or_scheduled() {
        let (now, next) = ("03:30:00", "04:00:00");
        let missed = due(now, "03:00:00", true);
        assert_eq!(start(false, Some("03:00:00")), missed);
        assert_eq!(start(true, Some("03:00:00")), missed);
        assert_eq!(start(true, Some(next)), due(now, next, false));
        assert_eq!(start(true, None), due(now, next, false));
        assert_eq!(start(false, Some(next)), due(next, next, false));
        assert_eq!(start(false, None), due(next, next, false));
    }

    #[test]
    fn run_longer_than_its_interval_is_followed_by_one_at_once() {
        let next = |this, started, now| {
            following(&hourly(), this, instant(started), instant(now)).expect("a run")
        };
        let on_time = due("03:00:00", "03:00:00", false);
        assert_eq!(
            next(on_time, "03:00:01", "03:10:00"),
            due("04:00:00", "04:00:00", false)
        );
        // It began a moment early.
        assert_eq!(
            next(on_time, "02:59:59", "03:10:00"),
            due("04:00:00", "04:00:00", false)
        );
        let late = due("05:10:00", "04:00:00", false);
        assert_eq!(next(on_time, "03:00:01", "05:10:00"), late);
        assert_eq!(
            next(late, "05:10:00", "05:10:01"),
            due("06:00:00", "06:00:00", false)
        );
    }
}
