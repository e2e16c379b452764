//! Two weeks of ticks through a Functions host, by a clock that the test sets.

use devhost::{Recorded, ScheduleStatus, TimerCall, TimerResult};
use jiff::{SignedDuration, Timestamp};
use schedule::{Size, TICK};

use super::stage::Stage;
use crate::harness::{self, AppFolder, run};

/// A Monday.
const BEGIN: &str = "2026-11-23T00:00:00Z";

/// The time between ticks, except in the hour around each change, where it is the real one.
const STEP: SignedDuration = SignedDuration::from_mins(30);

/// The size by the shipped schedule, computed with divisions.
fn expected(at: Timestamp, begin: Timestamp) -> u32 {
    let minutes = at.duration_since(begin).as_mins();
    let (day, minute) = (minutes / 1440 % 7, minutes % 1440);
    if day < 5 && (480..960).contains(&minute) {
        4
    } else {
        1
    }
}

fn call(at: Timestamp) -> TimerCall {
    let recorded = Recorded {
        last: Some(at - TICK),
        next: at,
    };
    TimerCall {
        schedule_status: ScheduleStatus::Recorded(recorded),
        at: Some(at + SignedDuration::from_millis(20)),
        ..TimerCall::default()
    }
}

#[test]
fn a_fortnight_of_ticks_follows_the_shipped_schedule() {
    run(async {
        let stage = Stage::new().await;
        let id = stage.azure.flex_app("web", 1, 100);
        stage.write(include_str!("../../../scale.toml"));
        let app = AppFolder::new();
        let schedule = stage.schedule().display().to_string();
        let mut options = app
            .on(&stage.database)
            .setting("SCALE_CONFIG", schedule)
            .setting("SCALE_RESOURCES", format!("web={id}"));
        for (name, value) in stage.azure.variables() {
            options = options.setting(name, value);
        }
        let host = harness::start(options).await;
        let begin: Timestamp = BEGIN.parse().expect("an instant");
        let end = begin + SignedDuration::from_hours(14 * 24);
        let (mut at, mut ticks) = (begin, 0);
        while at < end {
            let result = host.invoke_timer("scale", call(at)).await;
            assert!(
                matches!(result, TimerResult::Succeeded { .. }),
                "{at}: {result:?}"
            );
            let size = stage.azure.size_of("web");
            assert_eq!(
                size,
                Size::Between {
                    min: expected(at, begin),
                    max: 100
                },
                "{at}"
            );
            ticks += 1;
            at += if expected(at + STEP, begin) == expected(at, begin) {
                STEP
            } else {
                TICK
            };
        }
        host.shutdown().await;
        // Ten work days, each with a change up and one down. Other ticks write nothing.
        assert_eq!(stage.azure.writes().len(), 20);
        assert!(ticks > 14 * 48, "{ticks} ticks");
        let changes = stage.changes().await;
        assert_eq!(changes.len(), 20);
        assert!(
            changes.iter().all(|it| it.ends_with("succeeded schedule")),
            "{changes:?}"
        );
    });
}

#[test]
fn lint_uses_the_time_between_two_ticks() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/functions/scale/function.json");
    let text = std::fs::read_to_string(file).expect("it is there");
    let every = format!(r#""schedule": "0 */{} * * * *""#, TICK.as_mins());
    assert!(text.contains(&every), "{text}");
}
