//! The messages about a timer, and their JSON form.

use hmac::{Hmac, KeyInit, Mac};
use serde_json::json;
use sha2::Sha256;

use super::stage::{Stage, event, tick};
use crate::harness::{Database, Start, eventually, ready, run};

const KEY: &str = "hush-secret-of-32-characters-xxx";

#[test]
fn a_failed_run_and_its_recovery_make_one_signed_message_each() {
    run(async {
        let stage = Stage::new().await;
        let start = stage.handler().set("NOTIFY_SECRET", KEY);
        let start = start.set("NOTIFY_LINK", "https://app.example/ops");
        let program = start
            .set("WEBSITE_SITE_NAME", "func-magnus")
            .serving()
            .await;
        assert_eq!(tick(&program).await.status, 200);
        stage.breaks().await;
        for _ in 0..3 {
            assert_eq!(tick(&program).await.status, 500);
        }
        stage.mends().await;
        assert_eq!(tick(&program).await.status, 200);
        stage.delivered(2).await;
        let deliveries = stage.receiver.deliveries();
        let events: Vec<String> = deliveries.iter().map(event).collect();
        assert_eq!(events, ["run began", "run ended"]);
        let failed = &deliveries[0];
        let body = failed.json();
        for (member, value) in [
            ("version", json!(1)),
            ("app", json!("func-magnus")),
            ("severity", json!("warning")),
            ("subject", json!("item_housekeeping")),
            ("title", json!("item_housekeeping failed")),
            ("link", json!("https://app.example/ops")),
        ] {
            assert_eq!(body[member], value, "{body}");
        }
        let text = |member: &str| body[member].as_str().expect(member);
        assert!(text("reason").contains("the disk is full"), "{body}");
        assert!(
            !text("remedy").is_empty() && text("since") <= text("at"),
            "{body}"
        );
        assert_eq!(failed.path, super::stage::PATH);
        assert_eq!(failed.header("content-type"), "application/json");
        assert_eq!(failed.header("x-magnusapi-id"), text("id"));
        for delivery in &deliveries {
            let timestamp = delivery.header("x-magnusapi-timestamp");
            let mut mac = Hmac::<Sha256>::new_from_slice(KEY.as_bytes()).expect("a key");
            mac.update(format!("{timestamp}.{}", delivery.body).as_bytes());
            let signature = delivery.header("x-magnusapi-signature");
            let digits = signature.strip_prefix("v1=").expect("version 1");
            let byte = |at: usize| u8::from_str_radix(&digits[at..at + 2], 16).expect("digits");
            let tag: Vec<u8> = (0..digits.len()).step_by(2).map(byte).collect();
            mac.verify_slice(&tag).expect("the same signature");
        }
    });
}

#[test]
fn a_run_that_still_fails_makes_a_message_a_day() {
    run(async {
        let stage = Stage::new().await;
        let program = stage.serving().await;
        stage.breaks().await;
        tick(&program).await;
        stage.receiver.received(1).await;
        stage
            .execute("UPDATE notify_state SET reported_at = reported_at - interval '25 hours'")
            .await;
        tick(&program).await;
        tick(&program).await;
        stage.delivered(2).await;
        let events: Vec<String> = stage.receiver.deliveries().iter().map(event).collect();
        assert_eq!(events, ["run began", "run continues"]);
    });
}

/// The process of the failed run ended before it looked for messages: here it has no receiver.
#[test]
fn a_failure_whose_process_was_killed_makes_its_messages_later() {
    run(async {
        let stage = Stage::new().await;
        let program = stage.serving().await;
        tick(&program).await;
        let killed = Start::on(&stage.database).await;
        stage.breaks().await;
        assert_eq!(tick(&killed).await.status, 500);
        stage.mends().await;
        assert_eq!(tick(&killed).await.status, 200);
        drop(killed);
        tick(&program).await;
        stage.delivered(2).await;
        let deliveries = stage.receiver.deliveries();
        let events: Vec<String> = deliveries.iter().map(event).collect();
        assert_eq!(events, ["run began", "run ended"]);
        let reason = deliveries[0].json()["reason"].to_string();
        assert!(reason.contains("the disk is full"), "{reason}");
    });
}

#[test]
fn a_program_without_timer_calls_writes_messages_too() {
    run(async {
        let stage = Stage::new().await;
        stage
            .execute(
                "INSERT INTO function_run (function, slot, invocation_id, started_at, finished_at,
                                           outcome, failure)
                 VALUES ('scale', now(), 'x', now(), now(), 'failed', '403')",
            )
            .await;
        let _program = stage.serving().await;
        let delivery = stage.receiver.received(1).await.remove(0);
        assert_eq!(event(&delivery), "run began");
        assert_eq!(delivery.json()["subject"], "scale");
    });
}

#[test]
fn two_processes_write_and_deliver_each_message_once() {
    run(async {
        let stage = Stage::new().await;
        let (one, two) = (stage.serving().await, stage.serving().await);
        tokio::join!(ready(&one), ready(&two));
        for _ in 0..5 {
            stage.breaks().await;
            tokio::join!(tick(&one), tick(&two));
            stage.mends().await;
            tokio::join!(tick(&one), tick(&two));
            tokio::join!(tick(&one), tick(&two));
        }
        let messages = "SELECT count(*) FROM notify_message";
        let messages = stage.value(messages).await;
        stage.delivered(messages).await;
        let deliveries = stage.receiver.deliveries();
        let events: Vec<String> = deliveries.iter().map(event).collect();
        let alternating = ["run began", "run ended"].iter().cycle();
        let alternating: Vec<&&str> = alternating.take(events.len()).collect();
        assert_eq!(events.iter().collect::<Vec<_>>(), alternating);
        assert!(events.len() >= 2, "{events:?}");
        let mut ids = super::ids(&deliveries);
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), deliveries.len());
    });
}

/// The first process has read the failure and waits for the changes of sizes, which only it reads. Meanwhile the
/// second one stores the recovery. If the first one stored the failure again, the next evaluation would find a
/// second recovery: an event of another number, so its message would be sent too.
#[test]
fn an_evaluation_that_began_earlier_does_not_replace_newer_states() {
    run(async {
        let stage = Stage::new().await;
        let start = stage.handler().set("NOTIFY_SIZES", "on");
        let start = start.set("DATABASE_STATEMENT_TIMEOUT", "60");
        let (first, second) = (start.serving().await, stage.serving().await);
        stage.breaks().await;
        tick(&first).await;
        tick(&second).await;
        stage.delivered(1).await;

        let lock = stage.database.connect().await;
        let locking = "BEGIN; LOCK TABLE scale_change IN ACCESS EXCLUSIVE MODE";
        lock.batch_execute(locking).await.expect("a lock");
        let call = first.with_json(reqwest::Method::POST, "/item_housekeeping", &json!({}));
        let call = tokio::spawn(call.send());
        eventually("the first process to wait for the changes", || async {
            let waiting = "SELECT count(*) FROM pg_stat_activity
                            WHERE datname = current_database() AND wait_event_type = 'Lock'
                              AND query LIKE '%finished_at >= $1%'";
            (stage.value(waiting).await == 1).then_some(())
        })
        .await;
        stage.mends().await;
        assert_eq!(tick(&second).await.status, 200);
        stage.delivered(2).await;

        let generation = "SELECT generation FROM notify_watch";
        let before = stage.value(generation).await;
        lock.batch_execute("COMMIT").await.expect("it is released");
        call.await.expect("no panic").expect("a response");
        eventually("the evaluation of the first process", || async {
            (stage.value(generation).await > before).then_some(())
        })
        .await;
        assert_eq!(tick(&second).await.status, 200);
        let messages = "SELECT count(*) FROM notify_message";
        assert_eq!(stage.value(messages).await, 2);
        let events: Vec<String> = stage.receiver.deliveries().iter().map(event).collect();
        assert_eq!(events, ["run began", "run ended"]);
    });
}

#[test]
fn without_a_receiver_nothing_is_written() {
    run(async {
        let database = Database::migrated();
        let program = Start::on(&database).await;
        assert_eq!(tick(&program).await.status, 200);
        let client = database.connect().await;
        let row = client.query_one("SELECT generation FROM notify_watch", &[]);
        assert_eq!(row.await.expect("a row").get::<_, i64>(0), 0);
        let report = program.get("/health").await.json();
        assert!(report["checks"]["notify:delivery"].is_null(), "{report}");
    });
}

#[test]
fn health_warns_about_messages_that_wait_or_were_given_up() {
    run(async {
        let (stage, program) = Stage::failing("503 Service Unavailable").await;
        stage.receiver.received(1).await;
        stage
            .execute("UPDATE notify_message SET created_at = now() - interval '20 minutes'")
            .await;
        let finding = |status: &'static str| {
            let program = &program;
            eventually("the finding", move || async move {
                let report = program.get("/health").await.json();
                let finding = report["checks"]["notify:delivery"][0].clone();
                (finding["status"] == status).then_some(finding)
            })
        };
        let waiting = finding("warn").await;
        assert_eq!(waiting["componentId"], "default");
        assert_eq!(waiting["observedValue"], 1, "{waiting}");
        let output = waiting["output"].as_str().expect("a text");
        assert!(
            output.contains("503") && output.contains("notify test default"),
            "{output}"
        );
        stage.receiver.responds("200 OK");
        stage.are_due().await;
        tick(&program).await;
        stage.delivered(1).await;
        finding("ok").await;
    });
}
