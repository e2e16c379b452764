//! Pings at the start and the end of timer calls.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::json;

use super::stage::{Stage, tick};
use crate::fakes::{Reaction, Receiver};
use crate::harness::{Start, ready, run, waiting_for_a_lock};

#[test]
fn a_call_pings_at_its_start_and_at_its_success_or_failure() {
    run(async {
        let stage = Stage::new().await;
        let start = Start::handler().set("DATABASE_URL", &stage.database.url);
        let url = format!("{}/key/?create=1", stage.receiver.url);
        let program = start.set("HEARTBEAT_URL", &url).serving().await;
        tick(&program).await;
        stage.breaks().await;
        tick(&program).await;
        let pings = stage.receiver.received(4).await;
        let paths: Vec<&str> = pings.iter().map(|it| it.path.as_str()).collect();
        let (start, end) = (
            "/key/item-housekeeping/start?create=1",
            "/key/item-housekeeping?create=1",
        );
        let fail = "/key/item-housekeeping/fail?create=1";
        assert_eq!(paths, [start, end, start, fail]);
        assert!(
            pings[1].body.contains("deleted 0 idempotency keys"),
            "{pings:?}"
        );
        assert!(pings[3].body.contains("the disk is full"), "{pings:?}");
    });
}

#[test]
fn a_function_can_have_an_address_of_its_own_and_the_others_none() {
    run(async {
        let stage = Stage::new().await;
        let start = Start::handler().set("DATABASE_URL", &stage.database.url);
        let url = format!("{}/uuid", stage.receiver.url);
        let program = start.set("HEARTBEAT_URL_SCALE", &url).serving().await;
        tick(&program).await;
        program.post("/scale", &serde_json::json!({})).await;
        let pings = stage.receiver.received(2).await;
        let paths: Vec<&str> = pings.iter().map(|it| it.path.as_str()).collect();
        assert_eq!(paths, ["/uuid/start", "/uuid"]);
    });
}

#[test]
fn a_failure_without_a_database_is_pinged() {
    run(async {
        let receiver = Receiver::start().await;
        let start = Start::handler()
            .set("DATABASE_URL", "host=/nowhere user=absent")
            .set("DATABASE_WAIT", "1")
            .set("NOTIFY_URL", &receiver.url);
        let heartbeat = format!("{}/beat", receiver.url);
        let program = start.set("HEARTBEAT_URL_ITEM_HOUSEKEEPING", &heartbeat);
        let program = program.serving().await;
        assert_eq!(tick(&program).await.status, 500);
        let pings = receiver.received(2).await;
        assert_eq!(pings[1].path, "/beat/fail");
        assert!(pings[1].body.contains("could not be claimed"), "{pings:?}");
    });
}

/// The slot runs until the lock is released. A second call of the slot must not report its success.
#[test]
fn a_doubled_call_does_not_ping_the_success_of_a_run_that_continues() {
    run(async {
        let stage = Stage::new().await;
        let start = Start::handler().set("DATABASE_URL", &stage.database.url);
        let start = start.set("HEARTBEAT_URL", &stage.receiver.url);
        let program = start
            .set("DATABASE_STATEMENT_TIMEOUT", "60")
            .serving()
            .await;
        ready(&program).await;
        stage
            .execute("BEGIN; LOCK TABLE idempotency_key IN ACCESS EXCLUSIVE MODE")
            .await;
        let now = "2026-11-24T02:00:00+00:00";
        let body = json!({
            "Data": {"timer": {"ScheduleStatus": {"Next": now}, "IsPastDue": false}},
            "Metadata": {"sys": {"UtcNow": now}}
        });
        let first = program.with_json(Method::POST, "/item_housekeeping", &body);
        let first = tokio::spawn(first.send());
        waiting_for_a_lock(&stage.database, 1).await;
        let doubled = program.post("/item_housekeeping", &body).await;
        assert!(
            String::from_utf8_lossy(&doubled.body).contains("has been running"),
            "{doubled:?}"
        );
        let paths = || -> Vec<String> {
            let pings = stage.receiver.deliveries();
            pings.into_iter().map(|it| it.path).collect()
        };
        assert_eq!(paths(), ["/item-housekeeping/start"; 2]);
        stage.execute("COMMIT").await;
        first.await.expect("no panic").expect("a response");
        stage.receiver.received(3).await;
        assert_eq!(paths()[2], "/item-housekeeping");
    });
}

#[test]
fn a_slow_service_does_not_delay_or_fail_the_run() {
    run(async {
        let stage = Stage::new().await;
        stage.receiver.reacts(Reaction::Stall);
        let start = Start::handler().set("DATABASE_URL", &stage.database.url);
        let program = start
            .set("HEARTBEAT_URL", &stage.receiver.url)
            .serving()
            .await;
        let begun = Instant::now();
        assert_eq!(tick(&program).await.status, 200);
        let took = begun.elapsed();
        assert!(took < Duration::from_secs(8), "{took:?}");
        let run = "SELECT (extract(epoch FROM finished_at - started_at) * 1000)::bigint
                     FROM function_run";
        assert!(stage.value(run).await < 2500, "the run did not wait");
        let line = program
            .line(|line| line.contains("cannot send a heartbeat"))
            .await;
        assert!(line.contains("127.0.0.1"), "{line}");
    });
}
