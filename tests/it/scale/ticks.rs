//! Ticks without faults.

use schedule::Size;

use reqwest::Method;
use serde_json::{Value, json};

use super::stage::{DAY, EVENING, Stage, call, health, report, tick, ticked, web};
use crate::harness::{Response, run};

#[test]
fn a_tick_changes_a_target_and_the_next_one_finds_it_in_place() {
    run(async {
        let stage = Stage::with_web(1).await;
        let program = stage.program().await;
        let first = ticked(&program, DAY, 200).await;
        assert!(first.contains("changed from 1 to 4"), "{first}");
        assert_eq!(stage.azure.size_of("web"), Size::One(4));
        let second = tick(&program, "2026-11-24T08:05:00Z").await;
        assert!(
            report(&second).contains("the target has its size"),
            "{}",
            report(&second)
        );
        ticked(&program, EVENING, 200).await;
        assert_eq!(stage.azure.size_of("web"), Size::One(1));
        assert_eq!(stage.azure.writes().len(), 2);
        assert_eq!(
            stage.changes().await,
            [
                "web 1 > 4 succeeded schedule",
                "web 4 > 1 succeeded schedule"
            ]
        );
    });
}

#[test]
fn every_kind_of_resource_is_sized() {
    run(async {
        let stage = Stage::new().await;
        let azure = &stage.azure;
        let range = |min, max| Size::Between { min, max };
        let pool = azure.pool_of("cluster", "apps", range(1, 2));
        let targets = [
            ("manual", azure.node_pool("manual", 1), "1", "3"),
            ("apps", pool, "{ min = 1, max = 2 }", "{ min = 2, max = 6 }"),
            ("flex", azure.flex_app("flex", 1, 100), "1", "3"),
            ("plan", azure.plan("plan", 1), "1", "3"),
            (
                "elastic",
                azure.elastic_plan("elastic", 1, 10),
                "{ min = 1, max = 10 }",
                "{ min = 3, max = 20 }",
            ),
        ];
        let text = targets.map(|(name, id, night, day)| {
            format!(
                "[target.{name}]\nresource = \"{id}\"\nzone = \"UTC\"\nsize = {night}\n\
                 bounds = {{ min = 1, max = 40 }}\n[[target.{name}.weekly]]\ndays = \"Tue\"\n\
                 size = {day}\n"
            )
        });
        stage.write(&text.concat());
        let program = stage.program().await;
        let response = ticked(&program, DAY, 200).await;
        assert!(
            response.contains("5 of 5 targets have their size, 5 of them changed"),
            "{response}"
        );
        let size = |name: &str| azure.size_of(name);
        assert_eq!(size("manual"), Size::One(3));
        assert_eq!(size("apps"), range(2, 6));
        assert_eq!(size("flex"), range(3, 100), "the maximum stays as it was");
        assert_eq!(size("plan"), Size::One(3));
        assert_eq!(size("elastic"), range(3, 20));
        let again = tick(&program, "2026-11-24T08:05:00Z").await;
        assert!(
            report(&again).contains("5 of 5 targets"),
            "{}",
            report(&again)
        );
        assert_eq!(azure.writes().len(), 5);
    });
}

#[test]
fn missed_late_and_doubled_ticks_are_harmless() {
    run(async {
        let stage = Stage::with_web(1).await;
        let program = stage.program().await;
        // Nothing ran all morning.
        ticked(&program, "2026-11-24T11:55:00Z", 200).await;
        let doubled = ticked(&program, "2026-11-24T11:55:00Z", 200).await;
        assert!(doubled.contains("nothing to do"), "{doubled}");
        assert_eq!(stage.azure.writes().len(), 1);
        assert_eq!(stage.azure.size_of("web"), Size::One(4));
    });
}

/// A manual run at `at`, as the host posts it, with the next occurrence.
fn manual(at: &str, occurrence: &str, input: Option<&str>) -> Value {
    let mut call = call(occurrence);
    call["Metadata"]["sys"]["UtcNow"] = at.into();
    if let Some(input) = input {
        call["Metadata"]["timer"] = json!(json!(input).to_string());
    }
    call
}

#[test]
fn a_manual_run_does_not_take_the_slot_of_the_next_occurrence() {
    run(async {
        let stage = Stage::with_web(1).await;
        let program = stage.program().await;
        for (at, input) in [
            ("2026-11-24T07:59:15Z", None),
            ("2026-11-24T07:59:59.5Z", Some("")),
        ] {
            let call = manual(at, DAY, input);
            let response = Response::to(program.with_json(Method::POST, "/scale", &call)).await;
            assert_eq!(response.status, 200, "{}", report(&response));
            assert_eq!(stage.azure.size_of("web"), Size::One(1));
        }
        let scheduled = tick(&program, DAY).await;
        assert!(
            report(&scheduled).contains("changed from 1 to 4"),
            "{}",
            report(&scheduled)
        );
    });
}

#[test]
fn two_ticks_at_once_change_a_target_once() {
    run(async {
        let stage = Stage::with_web(1).await;
        let (one, other) = (stage.program().await, stage.program().await);
        let (first, second) = tokio::join!(tick(&one, DAY), tick(&other, DAY));
        assert_eq!((first.status.as_u16(), second.status.as_u16()), (200, 200));
        assert_eq!(stage.azure.writes().len(), 1);
        assert_eq!(stage.changes().await, ["web 1 > 4 succeeded schedule"]);
    });
}

#[test]
fn shadow_mode_records_a_change_once_and_changes_nothing() {
    run(async {
        let stage = Stage::new().await;
        let id = stage.azure.scale_set("web", 1);
        stage.write(&web(&id, "mode = \"shadow\""));
        let program = stage.program().await;
        for at in [DAY, "2026-11-24T08:05:00Z"] {
            let response = ticked(&program, at, 200).await;
            assert!(
                response.contains("would be changed from 1 to 4"),
                "{response}"
            );
        }
        assert!(stage.azure.writes().is_empty());
        assert_eq!(stage.changes().await, ["web 1 > 4 shadow schedule"]);
    });
}

#[test]
fn a_change_by_another_party_is_reverted_and_counted() {
    run(async {
        let stage = Stage::with_web(1).await;
        let program = stage.program().await;
        tick(&program, DAY).await;
        stage.azure.set_size("web", Size::One(7));
        let response = tick(&program, "2026-11-24T08:05:00Z").await;
        assert!(
            report(&response).contains("another party had changed it"),
            "{}",
            report(&response)
        );
        assert_eq!(stage.azure.size_of("web"), Size::One(4));
        assert_eq!(
            stage.changes().await,
            ["web 1 > 4 succeeded schedule", "web 7 > 4 succeeded drift"]
        );
    });
}

#[test]
fn changes_within_an_hour_are_limited() {
    run(async {
        let stage = Stage::new().await;
        let id = stage.azure.scale_set("web", 1);
        stage.write(&web(&id, "changes_per_hour = 2"));
        let program = stage.program().await;
        tick(&program, DAY).await;
        stage.azure.set_size("web", Size::One(7));
        tick(&program, "2026-11-24T08:05:00Z").await;
        stage.azure.set_size("web", Size::One(7));
        let limited = ticked(&program, "2026-11-24T08:10:00Z", 500).await;
        assert!(limited.contains("changes_per_hour"), "{limited}");
        assert_eq!(stage.azure.size_of("web"), Size::One(7));
        ticked(&program, "2026-11-24T09:10:00Z", 200).await;
        assert_eq!(stage.azure.size_of("web"), Size::One(4));
    });
}

#[test]
fn the_shipped_schedule_reports_sizes_and_changes_nothing() {
    run(async {
        let stage = Stage::new().await;
        stage.write(include_str!("../../../scale.toml"));
        let program = stage.program().await;
        let response = ticked(&program, DAY, 200).await;
        assert!(
            response.contains("should be 4 by weekly window \"work day\"; it has no resource"),
            "{response}"
        );
        assert!(stage.azure.calls().is_empty());
        assert!(health(&program, "scale:configuration").await.is_null());
    });
}
