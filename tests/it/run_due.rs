//! `POST /run-due`: the second clock of the timers.

use std::net::TcpListener;
use std::path::Path;

use devhost::{Source, TimerCall};
use reqwest::Method;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::harness::{
    AppFolder, Database, Program, Response, Start, eventually, run, start, timer,
    waiting_for_a_lock,
};

/// A program with its app's folder, and a source to back up.
struct Stage {
    app: AppFolder,
    own: Database,
    source: Database,
    folder: TempDir,
}

impl Stage {
    fn new() -> Stage {
        Stage {
            app: AppFolder::new(),
            own: Database::migrated(),
            source: Database::migrated(),
            folder: tempfile::tempdir().expect("a folder"),
        }
    }

    /// The program as the host starts it. No slot was due before, except those of [`Stage::scheduled_since`].
    fn start(&self) -> Start {
        self.start_with(&self.source.url)
    }

    fn start_with(&self, source: &str) -> Start {
        Start::handler()
            .set("DATABASE_URL", &self.own.url)
            .set(
                "FUNCTIONS_APP_ROOT_PATH",
                &self.app.path().display().to_string(),
            )
            .set("ITEM_HOUSEKEEPING_SCHEDULE", "0 */10 * * * *")
            .set("BACKUP_SCHEDULE", "0 0 2 * * *")
            .set("DRILL_SCHEDULE", "0 0 4 * * 0")
            .set(
                "BACKUP_URL",
                &format!("file://{}", self.folder.path().display()),
            )
            .set("BACKUP_DATABASES", "shop")
            .set("BACKUP_DATABASE_URL_SHOP", source)
    }

    /// The function has had its schedule for this long, and never ran.
    async fn scheduled_since(&self, function: &str, schedule: &str, time: &str) {
        self.execute(&format!(
            "INSERT INTO function_schedule (function, schedule, since)
             VALUES ('{function}', '{schedule}', now() - interval '{time}')"
        ))
        .await;
    }

    async fn missed_backups(&self) {
        self.scheduled_since("postfacto_backup", "0 0 2 * * *", "3 days")
            .await;
    }

    async fn execute(&self, sql: &str) {
        let client = self.own.connect().await;
        client.batch_execute(sql).await.expect("it is executed");
    }

    /// The rows of the ledger about the backup: outcome, attempt, and invocation.
    async fn runs(&self) -> Vec<(Option<String>, i32, String)> {
        let client = self.own.connect().await;
        let runs = "SELECT outcome, attempt, invocation_id FROM function_run
                     WHERE function = 'postfacto_backup' ORDER BY slot";
        let rows = client.query(runs, &[]).await.expect("the rows");
        let runs = rows.iter();
        runs.map(|it| (it.get(0), it.get(1), it.get(2))).collect()
    }

    fn backups(&self) -> usize {
        backups(self.folder.path())
    }
}

fn backups(folder: &Path) -> usize {
    let entries = std::fs::read_dir(folder.join("shop"));
    let entries = entries.into_iter().flatten().flatten();
    entries
        .filter(|entry| entry.path().join("manifest.json").exists())
        .count()
}

/// A server that accepts connections and never responds.
fn silent() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("it is bound").port();
    let url = format!("postgres://u@127.0.0.1:{port}/x?sslmode=disable");
    (listener, url)
}

async fn run_due(program: &Program, query: &str) -> Response {
    let path = format!("/run-due{query}");
    Response::to(program.request(Method::POST, &path)).await
}

/// The report about this function.
#[track_caller]
fn about(response: &Response, function: &str) -> Value {
    let body = response.json();
    let functions = body["data"]["functions"].as_array();
    let mut functions = functions.into_iter().flatten();
    let found = functions.find(|it| it["function"] == function);
    found.unwrap_or_else(|| panic!("{body}")).clone()
}

#[track_caller]
fn assert_about(response: &Response, function: &str, found: &str, outcome: &str) {
    let report = about(response, function);
    assert_eq!(
        (&report["found"], &report["outcome"]),
        (&json!(found), &json!(outcome)),
        "{report}"
    );
}

#[test]
fn one_run_makes_up_for_all_missed_slots() {
    run(async {
        let stage = Stage::new();
        stage.missed_backups().await;
        let program = stage.start().serving().await;
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
        let (one, two) = (stage.start().serving().await, stage.start().serving().await);
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
fn a_run_continues_after_its_response_and_a_killed_one_is_repeated() {
    run(async {
        let stage = Stage::new();
        stage.missed_backups().await;
        stage
            .scheduled_since("scale", "0 */5 * * * *", "1 hour")
            .await;
        let (_listener, hanging) = silent();
        let mut first = stage
            .start_with(&hanging)
            .set("DATABASE_CONNECT_TIMEOUT", "60")
            .serving()
            .await;
        let response = run_due(&first, "?wait=0").await;
        assert_eq!(response.status, 202, "{response:?}");
        assert_about(&response, "postfacto_backup", "missed", "running");
        assert_about(&response, "scale", "missed", "left");
        eventually("the run's row", || async { stage.runs().await.pop() }).await;
        let next = run_due(&first, "").await;
        assert_eq!(next.status, 202, "{next:?}");
        assert_about(&next, "postfacto_backup", "running", "running");
        assert_about(&next, "scale", "missed", "succeeded");

        first.signal("KILL");
        first.ended().await;
        let second = stage.start().serving().await;
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
        let program = stage.start().serving().await;
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
        let stage = Stage::new();
        stage.missed_backups().await;
        let (_listener, hanging) = silent();
        let mut first = stage
            .start_with(&hanging)
            .set("DATABASE_CONNECT_TIMEOUT", "60")
            .serving()
            .await;
        let response = run_due(&first, "?wait=0").await;
        assert_about(&response, "postfacto_backup", "missed", "running");
        eventually("the run's row", || async { stage.runs().await.pop() }).await;
        first.signal("TERM");
        assert_eq!(first.ended().await.code(), Some(200));
        assert_eq!(stage.runs().await[0].0.as_deref(), Some("failed"));

        let second = stage.start().serving().await;
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
        let mut program = stage.start().serving().await;
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

#[test]
fn a_failed_run_is_repeated_after_a_pause_or_by_its_name() {
    run(async {
        let stage = Stage::new();
        stage.missed_backups().await;
        let away = "postgres://u@127.0.0.1:1/x?sslmode=disable";
        let program = stage.start_with(away).serving().await;
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
        let program = stage.start().serving().await;
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

#[test]
fn a_function_that_the_host_does_not_run_is_not_run() {
    run(async {
        let stage = Stage::new();
        stage.missed_backups().await;
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
fn invalid_parameters_are_rejected() {
    run(async {
        let stage = Stage::new();
        let program = stage.start().serving().await;
        for query in [
            "?wait=201",
            "?wait=soon",
            "?wait=-1",
            "?function=item",
            "?until=1",
        ] {
            let response = run_due(&program, query).await;
            response.problem(400, "bad-parameter");
        }
    });
}

#[test]
fn the_host_passes_requests_on_and_the_lines_of_a_run_have_its_function() {
    run(async {
        let stage = Stage::new();
        stage.missed_backups().await;
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
        host.log(|log| log.source == Source::Console && is_line(&log.text))
            .await;
        // The host delivers the same slot later, and finds it finished.
        host.invoke_timer("scale", TimerCall::default()).await;
        host.shutdown().await;
    });
}

#[test]
fn the_route_requires_a_key() {
    let file = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/functions/run_due/function.json"
    );
    let text = std::fs::read_to_string(file).expect("it is there");
    assert!(text.contains(r#""authLevel": "function""#), "{text}");
}
