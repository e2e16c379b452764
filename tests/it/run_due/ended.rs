//! Runs whose process ends before them.

use reqwest::Method;
use serde_json::json;

use super::stage::{Stage, about, assert_about, run_due};
use crate::harness::{Response, eventually, run, timer, waiting_for_a_lock};

#[test]
fn a_run_continues_after_its_response_and_a_killed_one_is_repeated() {
    run(async {
        let stage = Stage::with_missed_backups().await;
        stage
            .scheduled_since("scale", "0 */5 * * * *", "1 hour")
            .await;
        let mut first = stage.hanging().await;
        assert_eq!(first.response.status, 202, "{:?}", first.response);
        assert_about(&first.response, "scale", "missed", "left");
        let next = run_due(&first.program, "").await;
        assert_eq!(next.status, 202, "{next:?}");
        assert_about(&next, "postfacto_backup", "running", "running");
        assert_about(&next, "scale", "missed", "succeeded");

        first.program.signal("KILL");
        first.program.ended().await;
        let second = stage.serving().await;
        let repeated = eventually("the end of the first run's lock", || async {
            let response = run_due(&second, "").await;
            let report = about(&response, "postfacto_backup");
            (report["found"] != "running").then_some(response)
        })
        .await;
        assert_eq!(repeated.status, 200, "{repeated:?}");
        assert_about(&repeated, "postfacto_backup", "stopped", "succeeded");
        assert_eq!(stage.runs().await[0].1, 2);
        assert_eq!(stage.backups(), 1);
    });
}

#[test]
fn a_request_that_the_host_resends_does_not_repeat_the_run_that_ended_the_process() {
    run(async {
        let stage = Stage::new();
        let id = "0b0f7f0e-5a34-4f7b-9c1c-6d1b3f7a2a11";
        stage
            .execute(&format!(
                "INSERT INTO function_run (function, slot, invocation_id, started_at)
                 VALUES ('postfacto_backup', now() - interval '1 s', '{id}', now())"
            ))
            .await;
        let program = stage.serving().await;
        let resent = program
            .request(Method::POST, "/run-due")
            .header("X-Azure-Functions-InvocationId", id);
        let resent = Response::to(resent).await;
        assert_eq!(resent.status, 200, "{resent:?}");
        assert_about(&resent, "postfacto_backup", "stopped", "postponed");
        assert_eq!(stage.backups(), 0);
        let next = run_due(&program, "").await;
        assert_about(&next, "postfacto_backup", "stopped", "succeeded");
    });
}

#[test]
fn a_stop_interrupts_a_run_and_the_next_call_repeats_it() {
    run(async {
        let stage = Stage::with_missed_backups().await;
        let mut first = stage.hanging().await;
        first.program.signal("TERM");
        assert_eq!(first.program.ended().await.code(), Some(200));
        assert_eq!(stage.runs().await[0].0.as_deref(), Some("failed"));

        let second = stage.serving().await;
        let health = eventually("a finding", || async {
            let health = second.get("/health").await.json();
            health["checks"]["timer:last-due"]
                .is_array()
                .then_some(health)
        })
        .await;
        let finding = timer(&health, "postfacto_backup");
        assert_eq!(
            finding["observedValue"]["outcome"], "interrupted",
            "{finding}"
        );
        let output = finding["output"].as_str().unwrap_or_default();
        assert!(output.contains("/run-due"), "{output}");
        let next = run_due(&second, "").await;
        assert_about(&next, "postfacto_backup", "interrupted", "succeeded");
    });
}

#[test]
fn a_stop_interrupts_a_run_that_does_not_end_by_itself() {
    run(async {
        let stage = Stage::new();
        let lock = stage.own.connect().await;
        let locking = "BEGIN; LOCK TABLE idempotency_key IN ACCESS EXCLUSIVE MODE";
        lock.batch_execute(locking).await.expect("a lock");
        let mut program = stage.serving().await;
        let call = program.with_json(Method::POST, "/item_housekeeping", &json!({}));
        let calling = tokio::spawn(Response::to(call));
        waiting_for_a_lock(&stage.own, 1).await;
        program.signal("TERM");
        let response = calling.await.expect("no panic");
        assert_eq!(response.status, 500, "{response:?}");
        let failure = response.json()["Error"].to_string();
        assert!(failure.contains("interrupted"), "{failure}");
        assert_eq!(program.ended().await.code(), Some(200));
        let row = "SELECT outcome, failure FROM function_run";
        let row = lock.query_one(row, &[]).await.expect("one run");
        assert_eq!(row.get::<_, &str>(0), "failed");
        assert!(row.get::<_, &str>(1).starts_with("interrupted"));
    });
}
