//! Ticks with faults.

use schedule::Size;
use serde_json::Value;

use super::stage::{DAY, EVENING, Stage, health, last_tick, report, tick, ticked, web};
use crate::fakes::{CORRELATION, On, Trouble};
use crate::harness::{eventually, run};

/// Starts a program that ticks, and kills it when Azure has begun to change this resource.
pub(super) async fn dies_while_it_changes(stage: &Stage, resource: &str) {
    let program = stage.program().await;
    let call = super::stage::call(DAY);
    let ticking = program.with_json(reqwest::Method::POST, "/scale", &call);
    let ticking = tokio::spawn(async move { ticking.send().await.is_ok() });
    eventually("the change to begin", || async {
        stage.azure.is_changing(resource).then_some(())
    })
    .await;
    program.signal("KILL");
    assert!(!ticking.await.expect("no panic"));
}

#[test]
fn a_failed_target_is_named_and_stops_no_other() {
    run(async {
        let stage = Stage::new().await;
        let gone = stage.azure.scale_set("gone", 1);
        let text = web(&stage.azure.scale_set("web", 1), "")
            + &web(&gone, "").replace("target.web", "target.gone");
        stage.write(&text);
        stage.azure.remove("gone");
        let program = stage.program().await;
        let response = tick(&program, DAY).await;
        assert_eq!(response.status, 500);
        let error = response.json()["Error"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        assert!(error.contains("gone: failed"), "{error}");
        assert!(
            error.contains("does not exist") && !error.contains("web: "),
            "{error}"
        );
        assert_eq!(stage.azure.size_of("web"), Size::One(4));
        let last = last_tick(&program).await;
        assert_eq!(last["status"], "warn", "{last}");
        let output = last["output"].as_str().unwrap_or_default();
        assert!(output.contains("gone") && !output.contains("web"), "{last}");
    });
}

#[test]
fn a_schedule_with_an_error_fails_the_tick_and_health() {
    run(async {
        let stage = Stage::new().await;
        let id = stage.azure.scale_set("web", 1);
        stage.write(&web(&id, "").replace("size = 4", "size = 40"));
        let program = stage.program().await;
        let response = tick(&program, DAY).await;
        assert_eq!(response.status, 500);
        assert!(
            report(&response).contains("outside the bounds 1 to 8"),
            "{}",
            report(&response)
        );
        assert!(stage.azure.calls().is_empty());
        let response = program.get("/health").await;
        assert_eq!(response.status, 503);
        let found = response.json()["checks"]["scale:configuration"].clone();
        assert_eq!(found[0]["observedValue"], "refused", "{found}");

        stage.write("[target.web]\nform = 1\n");
        let response = tick(&program, "2026-11-24T08:05:00Z").await;
        assert!(
            report(&response).contains("line 2"),
            "{}",
            report(&response)
        );
    });
}

#[test]
fn health_counts_the_warnings_of_a_schedule() {
    run(async {
        for (unused, output) in [
            (1, "lint has 1 warning: `magnusapi scale lint`"),
            (2, "lint has 2 warnings: `magnusapi scale lint`"),
        ] {
            let stage = Stage::new().await;
            let id = stage.azure.scale_set("web", 1);
            let calendars = (0..unused)
                .map(|number| format!("[calendar.unused{number}]\ndates = [\"2099-01-01\"]\n"));
            stage.write(&(web(&id, "") + &calendars.collect::<String>()));
            let program = stage.program().await;
            let found = health(&program, "scale:configuration").await;
            assert_eq!(found[0]["status"], "warn", "{found}");
            assert_eq!(found[0]["output"], output, "{found}");
        }
    });
}

#[test]
fn a_busy_target_is_skipped_until_the_next_tick() {
    run(async {
        let stage = Stage::with_web(1).await;
        stage.azure.fail_next(On::Write, Trouble::Busy);
        let program = stage.program().await;
        let busy = ticked(&program, DAY, 200).await;
        assert!(busy.contains("cannot be changed now"), "{busy}");
        assert_eq!(stage.azure.size_of("web"), Size::One(1));
        let next = tick(&program, "2026-11-24T08:05:00Z").await;
        assert!(
            report(&next).contains("changed from 1 to 4"),
            "{}",
            report(&next)
        );
        assert_eq!(
            stage.changes().await,
            ["web 1 > 4 left schedule", "web 1 > 4 succeeded schedule"]
        );
    });
}

#[test]
fn skips_for_half_an_hour_are_a_failure() {
    run(async {
        let stage = Stage::with_web(1).await;
        let program = stage.program().await;
        for minute in (0..35).step_by(5) {
            stage.azure.fail_next(On::Write, Trouble::Busy);
            let response = tick(&program, &format!("2026-11-24T08:{minute:02}:00Z")).await;
            let status = if minute < 30 { 200 } else { 500 };
            assert_eq!(response.status, status, "{minute}: {}", report(&response));
        }
        let last = last_tick(&program).await;
        let output = last["output"].as_str().unwrap_or_default();
        assert!(
            output.contains("the 6 ticks before this one skipped it"),
            "{last}"
        );
        ticked(&program, "2026-11-24T08:35:00Z", 200).await;
        assert_eq!(stage.azure.size_of("web"), Size::One(4));
    });
}

#[test]
fn the_outcome_of_a_lost_response_is_read_from_azure() {
    run(async {
        let stage = Stage::with_web(1).await;
        let program = stage.program().await;
        stage.azure.fail_next(On::Write, Trouble::Cut);
        ticked(&program, DAY, 500).await;
        assert_eq!(stage.changes().await, ["web 1 > 4 open schedule"]);
        stage.azure.set_size("web", Size::One(4));
        ticked(&program, "2026-11-24T08:05:00Z", 200).await;
        tick(&program, EVENING).await;
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
fn a_change_in_between_is_read_and_decided_again() {
    run(async {
        let stage = Stage::with_web(1).await;
        stage
            .azure
            .fail_next(On::Write, Trouble::PreconditionFailed);
        let program = stage.program().await;
        ticked(&program, DAY, 200).await;
        assert_eq!(stage.azure.size_of("web"), Size::One(4));
        assert_eq!(stage.azure.writes().len(), 2);
    });
}

#[test]
fn short_waits_are_kept_and_rejections_are_reported() {
    run(async {
        let stage = Stage::with_web(1).await;
        stage.azure.fail_next(On::Write, Trouble::Throttled(1));
        let program = stage.program().await;
        let response = tick(&program, DAY).await;
        assert_eq!(response.status, 200, "{}", report(&response));
        assert_eq!(stage.azure.size_of("web"), Size::One(4));

        for (trouble, hint, outcome) in [
            (Trouble::Throttled(3600), "too many requests", "left"),
            (
                Trouble::Denied,
                "Microsoft.Compute/virtualMachineScaleSets/write",
                "left",
            ),
            (
                Trouble::Status(500, "InternalServerError"),
                "the next tick tries again",
                "open",
            ),
            (Trouble::Cut, "the next tick tries again", "open"),
        ] {
            stage.azure.fail_next(On::Write, trouble.clone());
            let database = stage.database.connect().await;
            let forget =
                database.batch_execute("DELETE FROM function_run; DELETE FROM scale_change");
            forget.await.expect("deleted");
            let response = tick(&program, EVENING).await;
            assert_eq!(response.status, 500, "{trouble:?}: {}", report(&response));
            assert!(
                report(&response).contains(hint),
                "{trouble:?}: {}",
                report(&response)
            );
            assert_eq!(
                stage.changes().await,
                [format!("web 4 > 1 {outcome} schedule")],
                "{trouble:?}"
            );
        }
    });
}

#[test]
fn a_token_that_ends_between_two_ticks_is_replaced() {
    run(async {
        let stage = Stage::with_web(1).await;
        stage.azure.tokens_last(std::time::Duration::from_secs(1));
        let program = stage.program().await;
        tick(&program, DAY).await;
        stage.azure.end_token();
        ticked(&program, EVENING, 200).await;
        assert_eq!(stage.azure.size_of("web"), Size::One(1));
    });
}

#[test]
fn the_change_of_a_killed_process_is_settled_by_the_next() {
    run(async {
        let stage = Stage::with_web(1).await;
        stage.azure.hold_changes();
        stage.azure.retry_after(Some(1));
        dies_while_it_changes(&stage, "web").await;
        assert_eq!(stage.changes().await, ["web 1 > 4 open schedule"]);

        let second = stage.program().await;
        let waiting = ticked(&second, DAY, 200).await;
        assert!(waiting.contains("Azure works on it"), "{waiting}");
        stage.azure.finish_changes();
        let done = tick(&second, "2026-11-24T08:05:00Z").await;
        assert!(report(&done).contains("has its size"), "{}", report(&done));
        assert_eq!(stage.azure.writes().len(), 1);
        assert_eq!(stage.changes().await, ["web 1 > 4 succeeded schedule"]);
    });
}

#[test]
fn a_failed_change_is_recorded_and_retried() {
    run(async {
        let stage = Stage::with_web(1).await;
        stage.azure.fail_changes("QuotaExceeded");
        let program = stage.program().await;
        let failed = ticked(&program, DAY, 500).await;
        assert!(failed.contains("QuotaExceeded"), "{failed}");
        ticked(&program, "2026-11-24T08:05:00Z", 500).await;
        assert_eq!(stage.azure.writes().len(), 2);
        let history = stage.does(&["history", "--days", "400", "--json"]).await;
        let history: Value = serde_json::from_str(&history).expect("JSON");
        assert_eq!(history["data"][0]["outcome"], "failed", "{history}");
        let detail = history["data"][0]["detail"].as_str().unwrap_or_default();
        assert!(detail.contains("QuotaExceeded"), "{history}");
    });
}

#[test]
fn the_history_has_the_correlation_id_of_a_late_failure() {
    run(async {
        let stage = Stage::new().await;
        stage.write(&web(&stage.azure.node_pool("web", 1), ""));
        stage.azure.hold_changes();
        stage.azure.retry_after(Some(600));
        stage.azure.fail_changes("QuotaExceeded");
        let program = stage.program().await;
        let accepted = tick(&program, DAY).await;
        assert!(
            report(&accepted).contains("is under way"),
            "{}",
            report(&accepted)
        );
        stage.azure.finish_changes();
        stage.azure.changes_succeed();
        stage.azure.changes_take(0);
        ticked(&program, "2026-11-24T08:05:00Z", 200).await;
        let history = stage.does(&["history", "--days", "400", "--json"]).await;
        let history: Value = serde_json::from_str(&history).expect("JSON");
        let failed = &history["data"][1];
        assert_eq!(failed["outcome"], "failed", "{history}");
        let detail = failed["detail"].as_str().unwrap_or_default();
        assert!(
            detail.contains("QuotaExceeded") && detail.contains(CORRELATION),
            "{detail}"
        );
    });
}

#[test]
fn a_wait_longer_than_any_tick_fails_only_its_target() {
    run(async {
        let stage = Stage::new().await;
        let (first, shop) = (
            stage.azure.scale_set("web", 1),
            stage.azure.scale_set("shop", 1),
        );
        stage.write(&(web(&first, "") + &web(&shop, "").replace("target.web", "target.shop")));
        stage
            .azure
            .fail_next(On::Write, Trouble::Throttled(u64::MAX));
        let program = stage.program().await;
        let response = ticked(&program, DAY, 500).await;
        assert!(response.contains("asks to wait for 3600 s"), "{response}");
        let mut sizes = ["web", "shop"].map(|name| stage.azure.size_of(name).to_string());
        sizes.sort();
        assert_eq!(sizes, ["1", "4"]);
    });
}

#[test]
fn a_page_of_a_proxy_is_not_a_success() {
    run(async {
        let stage = Stage::with_web(1).await;
        stage.azure.fail_next(On::Write, Trouble::Page(200));
        let program = stage.program().await;
        let response = ticked(&program, DAY, 500).await;
        assert!(response.contains("not a JSON object"), "{response}");
        assert_eq!(stage.changes().await, ["web 1 > 4 open schedule"]);
        ticked(&program, "2026-11-24T08:05:00Z", 200).await;
        assert_eq!(stage.azure.size_of("web"), Size::One(4));
    });
}

#[test]
fn without_the_database_azure_receives_no_requests() {
    run(async {
        let stage = Stage::with_web(1).await;
        let program = stage.program().await;
        tick(&program, DAY).await;
        let calls = stage.azure.calls().len();
        let client = stage.database.connect().await;
        let hide = client.batch_execute("ALTER TABLE scale_hold RENAME TO away");
        hide.await.expect("renamed");
        let response = ticked(&program, EVENING, 500).await;
        assert!(response.contains("cannot load the holds"), "{response}");
        assert_eq!(stage.azure.calls().len(), calls);
    });
}

#[test]
fn three_failed_ticks_fail_health_until_one_succeeds() {
    run(async {
        let stage = Stage::with_web(1).await;
        let program = stage.program().await;
        for (minute, status) in [(0, "warn"), (5, "warn"), (10, "fail")] {
            stage.azure.fail_next(On::Read, Trouble::Denied);
            ticked(&program, &format!("2026-11-24T08:{minute:02}:00Z"), 500).await;
            eventually("the tick's finding", || async {
                (last_tick(&program).await["status"] == status).then_some(())
            })
            .await;
        }
        assert_eq!(program.get("/health").await.status, 503);
        assert_eq!(tick(&program, "2026-11-24T08:15:00Z").await.status, 200);
        eventually("a good report", || async {
            (program.get("/health").await.status == 200).then_some(())
        })
        .await;
    });
}
