//! Runs that failed, or that would exceed their time limit.

use serde_json::json;

use super::stage::{Stage, about, assert_about, run_due};
use crate::harness::{run, timer};

#[test]
fn a_failed_run_is_repeated_after_a_pause_or_by_its_name() {
    run(async {
        let stage = Stage::with_missed_backups().await;
        let away = "postgres://u@127.0.0.1:1/x?sslmode=disable";
        let start = stage.start().set("BACKUP_DATABASE_URL_SHOP", away);
        let program = start.serving().await;
        let failed = run_due(&program, "").await;
        assert_eq!(failed.status, 500, "{failed:?}");
        assert_about(&failed, "postfacto_backup", "missed", "failed");
        let detail = about(&failed, "postfacto_backup")["detail"].to_string();
        assert!(detail.contains("shop: failed"), "{detail}");
        let early = run_due(&program, "").await;
        assert_eq!(early.status, 200, "{early:?}");
        assert_about(&early, "postfacto_backup", "failed", "postponed");
        let named = run_due(&program, "?function=postfacto_backup").await;
        assert_about(&named, "postfacto_backup", "failed", "failed");
        assert_eq!(
            named.json()["data"]["functions"].as_array().map(Vec::len),
            Some(1)
        );
        // Ten minutes after the second attempt.
        stage
            .execute("UPDATE function_run SET started_at = started_at - interval '11 minutes'")
            .await;
        let later = run_due(&program, "").await;
        assert_about(&later, "postfacto_backup", "failed", "failed");
        let runs = stage.runs().await;
        assert_eq!((runs.len(), runs[0].1), (1, 3), "{runs:?}");
    });
}

#[test]
fn a_run_that_would_exceed_its_time_limit_fails_before_it_starts() {
    run(async {
        let stage = Stage::new();
        let finished = |day: u8, minutes: u8| {
            format!(
                "INSERT INTO function_run
                        (function, slot, invocation_id, started_at, finished_at, outcome)
                 SELECT 'postfacto_backup', slot, 'x', slot, slot + interval '{minutes} minutes',
                        'succeeded'
                   FROM (SELECT now() - interval '{day} days' AS slot) AS it"
            )
        };
        for (day, minutes) in [(9, 1), (8, 20), (7, 25), (6, 30)] {
            stage.execute(&finished(day, minutes)).await;
        }
        let program = stage.serving().await;
        let rejected = program.post("/postfacto_backup", &json!({})).await;
        assert_eq!(rejected.status, 500, "{rejected:?}");
        let failure = rejected.json()["Error"].to_string();
        assert!(failure.contains("functionTimeout"), "{failure}");
        assert_eq!(stage.backups(), 0);
        let health = program.get("/health").await.json();
        let finding = timer(&health, "postfacto_backup");
        assert!(
            finding["output"].to_string().contains("rejected"),
            "{finding}"
        );
        // One of the last three was short enough.
        stage.execute(&finished(5, 1)).await;
        let accepted = program.post("/postfacto_backup", &json!({})).await;
        assert_eq!(accepted.status, 200, "{accepted:?}");
        assert_eq!(stage.backups(), 1);
    });
}
