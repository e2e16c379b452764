//! Slots that the host did not call.

use devhost::{Source, TimerCall};
use serde_json::{Value, json};

use super::stage::{Stage, about, assert_about, run_due};
use crate::harness::{Response, eventually, logged, run, start, timer};

#[test]
fn one_run_makes_up_for_all_missed_slots() {
    run(async {
        let stage = Stage::with_missed_backups().await;
        let program = stage.serving().await;
        let response = run_due(&program, "").await;
        assert_eq!(response.status, 200, "{response:?}");
        let report = about(&response, "postfacto_backup");
        assert_eq!(report["found"], "missed", "{report}");
        assert_eq!(report["missed_slots"], 3, "{report}");
        assert_eq!(report["outcome"], "succeeded", "{report}");
        assert!(report["lines"][0].is_string(), "{report}");
        assert_about(&response, "scale", "nothing", "nothing");
        assert_eq!(stage.backups(), 1);
        let client = stage.own.connect().await;
        let slot = "SELECT slot < now() - interval '2 days' FROM function_run";
        let slot = client.query_one(slot, &[]).await.expect("one run");
        assert!(slot.get::<_, bool>(0), "it is not the oldest slot");

        let again = run_due(&program, "").await;
        assert_eq!(again.status, 200);
        assert_about(&again, "postfacto_backup", "nothing", "nothing");
        assert_eq!(stage.backups(), 1);
        let health = program.get("/health").await.json();
        let finding = timer(&health, "postfacto_backup");
        assert_eq!(
            finding["observedValue"]["outcome"], "succeeded",
            "{finding}"
        );
    });
}

#[test]
fn callers_at_once_and_the_host_run_a_slot_once() {
    run(async {
        let stage = Stage::new();
        stage
            .scheduled_since("postfacto_backup", "0 0 2 * * *", "1 day")
            .await;
        let (one, two) = (stage.serving().await, stage.serving().await);
        let now = jiff::Timestamp::now();
        let two_o_clock =
            jiff::Timestamp::from_second((now.as_second() - 7200).div_euclid(86400) * 86400 + 7200);
        let slot = two_o_clock.expect("an instant").to_string();
        let call = json!({
            "Data": {"timer": {"ScheduleStatus": {"Next": slot}, "IsPastDue": true}},
            "Metadata": {"sys": {"UtcNow": now.to_string()}}
        });
        let responses = tokio::join!(
            run_due(&one, ""),
            run_due(&two, ""),
            run_due(&two, "?function=postfacto_backup"),
            one.post("/postfacto_backup", &call),
        );
        for response in [responses.0, responses.1, responses.2, responses.3] {
            assert!(response.status.is_success(), "{response:?}");
        }
        eventually("the end of the run", || async {
            let runs = stage.runs().await;
            (runs[0].0.as_deref() == Some("succeeded")).then_some(())
        })
        .await;
        let runs = stage.runs().await;
        assert_eq!((runs.len(), runs[0].1), (1, 1), "{runs:?}");
        assert_eq!(stage.backups(), 1);
    });
}

#[test]
fn a_function_that_the_host_does_not_run_is_not_run() {
    run(async {
        let stage = Stage::with_missed_backups().await;
        let program = stage
            .start()
            .set("AzureWebJobs.postfacto_backup.Disabled", "true")
            .serving()
            .await;
        let response = run_due(&program, "").await;
        assert_eq!(response.status, 200, "{response:?}");
        assert_about(&response, "postfacto_backup", "off", "nothing");
        assert_eq!(stage.backups(), 0);
    });
}

#[test]
fn the_host_passes_requests_on_and_the_lines_of_a_run_have_its_function() {
    run(async {
        let stage = Stage::with_missed_backups().await;
        let options = stage
            .app
            .on(&stage.own)
            .setting("BACKUP_SCHEDULE", "0 0 2 * * *")
            .setting(
                "BACKUP_URL",
                format!("file://{}", stage.folder.path().display()),
            )
            .setting("BACKUP_DATABASES", "shop")
            .setting("BACKUP_DATABASE_URL_SHOP", &stage.source.url);
        let host = start(options).await;
        let client = crate::harness::client();
        let request = client.post(format!("{}/run-due?wait=100", host.url()));
        let response = Response::to(request).await;
        assert_eq!(response.status, 200, "{response:?}");
        let report = about(&response, "postfacto_backup");
        let line = report["lines"][0].as_str().expect("a line").to_owned();
        let id = response.header("x-request-id").to_owned();
        let is_line = |text: &str| {
            let logged: Value = serde_json::from_str(text).unwrap_or_default();
            logged["message"] == *line
                && logged["invocation_id"] == *id
                && logged["function"] == "postfacto_backup"
        };
        logged(&host, |log| {
            log.source == Source::Console && is_line(&log.text)
        })
        .await;
        // The host delivers the same slot later, and finds it finished.
        host.invoke_timer("scale", TimerCall::default()).await;
        host.shutdown().await;
    });
}
