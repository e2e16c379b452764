//! One task per timer: runs it by its schedule, never beside itself.
//!
//! Source: azure-webjobs-sdk-extensions, `TimerListener.cs`.

use std::{sync::Arc, time::Duration};

use funcapp::{Function, Schedule, TimerTrigger};
use jiff::Timestamp;

use super::{record::Record, run::run_with_retries};
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
    past: bool,
}

/// Runs the timer `function` by its schedule, until the host stops or no run is left.
pub(crate) async fn keep_time(shared: Arc<Shared>, function: Function) {
    let name = function.name.as_str();
    let (Some(timer), Some(schedule)) = (function.timer(), shared.schedule(name)) else {
        return;
    };
    let monitored = timer.use_monitor && !schedule.is_sub_minute();
    let folder = shared.state.as_deref().filter(|_| monitored);
    let record = Record::open(folder, name, schedule.as_str());
    let mut record = match record {
        Ok(record) => record,
        Err(error) => {
            let text =
                format!("the record of {name}'s runs is unreadable, it begins anew: {error}");
            shared.journal.host(Level::Error, text);
            Record::open(None, name, schedule.as_str()).expect("no file, nothing to read")
        }
    };
    let mut due = first(timer, schedule, record.recorded(), Timestamp::now());
    if let (Some(due), None) = (due, record.recorded()) {
        note(
            &shared,
            name,
            &mut record,
            Recorded {
                last: None,
                next: due.at,
            },
        );
    }
    while let Some(this) = due {
        sleep_until(this.at).await;
        let last = record.recorded().and_then(|recorded| recorded.last);
        let status = ScheduleStatus::Recorded(Recorded {
            last,
            next: this.at,
        });
        let call = TimerCall {
            framing: shared.framing,
            schedule_status: if monitored {
                status
            } else {
                ScheduleStatus::Null
            },
            past_due: this.past,
            retry: None,
            at: None,
        };
        let started = Timestamp::now();
        run_with_retries(&shared, &function, call).await;
        due = following(schedule, this.at, Timestamp::now());
        if let Some(due) = due {
            note(
                &shared,
                name,
                &mut record,
                Recorded {
                    last: Some(started),
                    next: due.at,
                },
            );
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
    if recorded.is_some_and(|recorded| recorded.next < now) {
        return Some(Due {
            at: now,
            past: true,
        });
    }
    if timer.run_on_startup {
        return Some(Due {
            at: now,
            past: false,
        });
    }
    schedule.next_after(now).map(|at| Due { at, past: false })
}

/// The run after the one of `at`: by schedule, or at once where that time has passed meanwhile.
/// Several missed ones are one run.
fn following(schedule: &Schedule, at: Timestamp, now: Timestamp) -> Option<Due> {
    schedule.next_after(at).map(|next| Due {
        at: next.max(now),
        past: false,
    })
}

/// Sleeps until the wall clock says `instant`.
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

fn note(shared: &Shared, name: &str, record: &mut Record, recorded: Recorded) {
    if let Err(error) = record.write(recorded) {
        let text =
            format!("cannot write down {name}'s run, a missed one will go unnoticed: {error}");
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

    #[test]
    fn the_first_run_is_a_missed_one_or_the_start_s_or_the_schedule_s() {
        let now = instant("03:30:00");
        assert_eq!(
            start(false, Some("03:00:00")),
            Due {
                at: now,
                past: true
            }
        );
        assert_eq!(
            start(true, Some("03:00:00")),
            Due {
                at: now,
                past: true
            }
        );
        assert_eq!(
            start(true, Some("04:00:00")),
            Due {
                at: now,
                past: false
            }
        );
        assert_eq!(
            start(true, None),
            Due {
                at: now,
                past: false
            }
        );
        assert_eq!(
            start(false, Some("04:00:00")),
            Due {
                at: instant("04:00:00"),
                past: false
            }
        );
        assert_eq!(
            start(false, None),
            Due {
                at: instant("04:00:00"),
                past: false
            }
        );
    }

    #[test]
    fn a_run_that_outlasts_its_interval_is_followed_by_one_at_once() {
        let next = |at, now| following(&hourly(), instant(at), instant(now)).expect("a run");
        let on_time = Due {
            at: instant("04:00:00"),
            past: false,
        };
        assert_eq!(next("03:00:00", "03:10:00"), on_time);
        let late = Due {
            at: instant("05:10:00"),
            past: false,
        };
        assert_eq!(next("03:00:00", "05:10:00"), late);
        assert_eq!(
            next("05:10:00", "05:10:01"),
            Due {
                at: instant("06:00:00"),
                past: false
            }
        );
    }
}
