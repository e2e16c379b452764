//! `postfacto_backup` and `postfacto_restore_drill`, as the Functions host posts them.

use std::net::TcpListener;
use std::path::Path;

use devhost::{TimerCall, TimerResult};
use reqwest::Method;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::harness::{
    self, AppFolder, Database, Program, Response, Site, Start, eventually, everywhere, run,
};

/// The body of the host for the occurrence of 02:00 on that day of November 2026.
fn occurrence(day: u8) -> Value {
    json!({
        "Data": {"timer": {"ScheduleStatus": {
            "Last": "0001-01-01T00:00:00+00:00", "Next": format!("2026-11-{day:02}T02:00:00+00:00")
        }, "IsPastDue": false}},
        "Metadata": {"sys": {"UtcNow": format!("2026-11-{day:02}T02:00:00.1Z")}}
    })
}

/// The program with a store in `folder` and these sources.
fn start(database: &Database, folder: &Path, sources: &[(&str, &str)]) -> Start {
    let names: Vec<&str> = sources.iter().map(|(name, _)| *name).collect();
    let mut start = Start::handler()
        .set("DATABASE_URL", &database.url)
        .set("BACKUP_URL", &format!("file://{}", folder.display()))
        .set("BACKUP_DATABASES", &names.join(","));
    for (name, url) in sources {
        let variable = name.to_uppercase().replace('-', "_");
        start = start.set(&format!("BACKUP_DATABASE_URL_{variable}"), url);
    }
    start
}

async fn call(program: &Program, function: &str, body: &Value) -> Response {
    let path = format!("/{function}");
    let request = program.with_json(Method::POST, &path, body);
    Response::to(request.header("X-Azure-Functions-InvocationId", "one")).await
}

/// The first line, or why it failed.
fn printed(answer: &Response) -> String {
    let body = answer.json();
    let error = body["Error"].as_str();
    let line = body["Logs"][0].as_str();
    error.or(line).unwrap_or_default().to_owned()
}

/// The backups of a source, by their manifests.
fn backups(folder: &Path, source: &str) -> Vec<String> {
    let entries = std::fs::read_dir(folder.join(source));
    let entries = entries.into_iter().flatten().flatten();
    let whole = entries.filter(|entry| entry.path().join("manifest.json").exists());
    whole
        .map(|it| it.file_name().display().to_string())
        .collect()
}

/// A server that takes connections and never says a word.
fn silent() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("it is bound").port();
    let url = format!("postgres://u@127.0.0.1:{port}/x?sslmode=disable");
    (listener, url)
}

fn folder() -> TempDir {
    tempfile::tempdir().expect("a folder")
}

#[test]
fn a_doubled_call_backs_up_once_and_the_next_occurrence_again() {
    run(async {
        let (own, source, folder) = (Database::migrated(), Database::migrated(), folder());
        let start = start(&own, folder.path(), &[("postfacto", &source.url)]);
        let program = start.serving().await;
        let first = call(&program, "postfacto_backup", &occurrence(24)).await;
        assert_eq!(first.status, 200, "{}", printed(&first));
        assert!(
            printed(&first).starts_with("postfacto/20"),
            "{}",
            printed(&first)
        );
        let second = call(&program, "postfacto_backup", &occurrence(24)).await;
        assert_eq!(second.status, 200);
        assert!(
            printed(&second).contains("nothing to do"),
            "{}",
            printed(&second)
        );
        assert_eq!(backups(folder.path(), "postfacto").len(), 1);
        let third = call(&program, "postfacto_backup", &occurrence(25)).await;
        assert_eq!(third.status, 200, "{}", printed(&third));
        assert_eq!(backups(folder.path(), "postfacto").len(), 2);
    });
}

#[test]
fn a_call_by_hand_does_not_replace_a_scheduled_one() {
    run(async {
        let (own, source, folder) = (Database::migrated(), Database::migrated(), folder());
        let start = start(&own, folder.path(), &[("postfacto", &source.url)]);
        let program = start.serving().await;
        let mut by_hand = occurrence(24);
        by_hand["Metadata"]["sys"]["UtcNow"] = json!("2026-11-23T15:00:00Z");
        for body in [by_hand, occurrence(24)] {
            let answer = call(&program, "postfacto_backup", &body).await;
            assert!(
                printed(&answer).starts_with("postfacto/20"),
                "{}",
                printed(&answer)
            );
        }
        assert_eq!(backups(folder.path(), "postfacto").len(), 2);
    });
}

#[test]
fn a_failed_source_fails_the_call_and_stops_no_other() {
    run(async {
        let (own, source, folder) = (Database::migrated(), Database::migrated(), folder());
        let away = "postgres://u@127.0.0.1:1/x?sslmode=disable";
        let sources = [("a-away", away), ("b-there", source.url.as_str())];
        let start = start(&own, folder.path(), &sources);
        let program = start.serving().await;
        let answer = call(&program, "postfacto_backup", &occurrence(24)).await;
        assert_eq!(answer.status, 500);
        assert!(
            printed(&answer).contains("a-away: failed"),
            "{}",
            printed(&answer)
        );
        assert!(
            !printed(&answer).contains("b-there"),
            "{}",
            printed(&answer)
        );
        assert_eq!(backups(folder.path(), "b-there").len(), 1);

        let health = program.get("/health").await;
        assert_eq!(health.status, 503);
        let run = harness::timer(&health.json(), "postfacto_backup");
        assert_eq!(run["status"], "fail", "{run}");
        let output = run["output"].as_str().expect("it says why");
        assert!(
            output.contains("a-away: failed") && !output.contains("b-there"),
            "{output}"
        );

        // The host may call again for a slot that failed.
        let again = call(&program, "postfacto_backup", &occurrence(24)).await;
        assert_eq!(again.status, 500);
        assert_eq!(backups(folder.path(), "b-there").len(), 2);
    });
}

#[test]
fn a_concurrent_call_does_nothing_and_a_killed_run_is_taken_over() {
    run(async {
        let (own, source, folder) = (Database::migrated(), Database::migrated(), folder());
        let (_listener, hanging) = silent();
        let first = start(&own, folder.path(), &[("postfacto", &hanging)])
            .set("DATABASE_CONNECT_TIMEOUT", "60")
            .serving()
            .await;
        let calling = {
            let request = first.with_json(Method::POST, "/postfacto_backup", &occurrence(24));
            tokio::spawn(async move { request.send().await.is_ok() })
        };
        let second = start(&own, folder.path(), &[("postfacto", &source.url)])
            .serving()
            .await;
        let client = own.connect().await;
        eventually("the first run's row", || async {
            let row = client.query_opt("SELECT 1 FROM function_run", &[]).await;
            row.expect("it can be asked")
        })
        .await;
        let doubled = call(&second, "postfacto_backup", &occurrence(24)).await;
        assert_eq!(doubled.status, 200);
        assert!(
            printed(&doubled).contains("has been running"),
            "{}",
            printed(&doubled)
        );
        let other = call(&second, "postfacto_backup", &occurrence(25)).await;
        assert_eq!(other.status, 500);
        assert!(
            printed(&other).contains("still running"),
            "{}",
            printed(&other)
        );
        assert!(backups(folder.path(), "postfacto").is_empty());

        first.signal("KILL");
        assert!(!calling.await.expect("no panic"));
        eventually("a run that stopped", || async {
            let health = second.get("/health").await;
            let run = harness::timer(&health.json(), "postfacto_backup");
            let is_stopped = run["observedValue"]["outcome"] == "stopped";
            is_stopped.then(|| {
                assert_eq!(health.status, 503);
                assert_eq!(run["status"], "fail");
            })
        })
        .await;
        eventually("the run to be taken over", || async {
            let answer = call(&second, "postfacto_backup", &occurrence(24)).await;
            printed(&answer).starts_with("postfacto/20").then_some(())
        })
        .await;
        let row = client
            .query_one("SELECT attempt, outcome FROM function_run", &[])
            .await;
        let row = row.expect("one row");
        assert_eq!((row.get(0), row.get(1)), (2, "succeeded"));
    });
}

#[test]
fn one_failed_drill_fails_health() {
    run(async {
        let (own, source, folder) = (Database::migrated(), Database::migrated(), folder());
        let program = start(&own, folder.path(), &[("postfacto", &source.url)])
            .serving()
            .await;
        let answer = call(&program, "postfacto_restore_drill", &occurrence(24)).await;
        assert_eq!(answer.status, 500);
        let health = program.get("/health").await;
        assert_eq!(health.status, 503);
        let drill = harness::timer(&health.json(), "postfacto_restore_drill");
        assert_eq!(drill["observedValue"]["slot"], "2026-11-24T02:00:00Z");
        let output = drill["output"].as_str().expect("it says why");
        assert!(output.contains("DRILL_DATABASE_URL"), "{output}");
    });
}

/// As a superuser it fails, because functions that are in a backup run with the rights of the role.
#[test]
fn the_drill_proves_the_newest_backup_and_marks_it() {
    everywhere(async |site| {
        let (own, folder) = (Database::migrated(), folder());
        let source = site.readers(&site.postfacto(0.0).await);
        let program = start(&own, folder.path(), &[("postfacto", &source)])
            .set("DRILL_DATABASE_URL", &site.url("postgres"))
            .serving()
            .await;
        let drill = call(&program, "postfacto_restore_drill", &occurrence(22)).await;
        assert_eq!(drill.status, 500);
        assert!(printed(&drill).contains("no backup"), "{}", printed(&drill));
        let backup = call(&program, "postfacto_backup", &occurrence(24)).await;
        assert_eq!(backup.status, 200, "{}", printed(&backup));
        let drill = call(&program, "postfacto_restore_drill", &occurrence(29)).await;
        let id = backups(folder.path(), "postfacto").remove(0);
        let mark = folder.path().join("postfacto").join(id);
        let mark = std::fs::read(mark.join("verified.json"));
        if site.role == "postgres" {
            assert_eq!(drill.status, 500);
            let error = printed(&drill);
            assert!(error.contains("is a superuser"), "{error}");
            assert!(mark.is_err(), "{mark:?}");
            return;
        }
        assert_eq!(drill.status, 200, "{}", printed(&drill));
        let mark: Value = serde_json::from_slice(&mark.expect("a mark")).expect("JSON");
        assert!(mark["verified"].is_string(), "{mark}");
    });
}

/// The runs in the ledger: function, slot and outcome.
async fn runs(own: &Database) -> Vec<(String, String, Option<String>)> {
    let client = own.connect().await;
    let rows = client
        .query(
            "SELECT function, to_char(slot AT TIME ZONE 'UTC', 'DD HH24:MI'), outcome
               FROM function_run ORDER BY started_at, function",
            &[],
        )
        .await;
    let rows = rows.expect("they can be read");
    rows.iter()
        .map(|row| (row.get(0), row.get(1), row.get(2)))
        .collect()
}

fn ended(function: &str, slot: &str, outcome: &str) -> (String, String, Option<String>) {
    (
        function.to_owned(),
        slot.to_owned(),
        Some(outcome.to_owned()),
    )
}

fn file(folder: &Path, id: &str, name: &str) -> Value {
    let file = std::fs::read(folder.join("postfacto").join(id).join(name));
    serde_json::from_slice(&file.expect(name)).expect("JSON")
}

#[test]
fn a_drill_that_follows_the_backup_is_a_run_of_its_own_and_proves_that_backup() {
    run(async {
        let site = Site::usual();
        let (own, folder) = (Database::migrated(), folder());
        let source = site.readers(&site.postfacto(0.0).await);
        let program = start(&own, folder.path(), &[("postfacto", &source)])
            .set("DRILL_DATABASE_URL", &site.administrators().url("postgres"))
            .set("DRILL_AFTER", "backup")
            .serving()
            .await;
        let answer = call(&program, "postfacto_backup", &occurrence(24)).await;
        assert_eq!(answer.status, 200, "{}", printed(&answer));
        let logs = answer.json()["Logs"].clone();
        assert!(
            logs[1]
                .as_str()
                .is_some_and(|it| it.contains("restored to PostgreSQL")),
            "{logs}"
        );
        let id = backups(folder.path(), "postfacto").remove(0);
        let mark = file(folder.path(), &id, "verified.json");
        let manifest = file(folder.path(), &id, "manifest.json");
        let tables = manifest["tables"].as_array().expect("tables");
        let compared = mark["compared"].as_array().expect("tables");
        assert_eq!(compared.len(), tables.len(), "{mark}");
        for (table, compared) in tables.iter().zip(compared) {
            let name = format!("public.{}", table["name"].as_str().expect("a name"));
            assert_eq!(compared["table"], name, "{mark}");
            assert_eq!(compared["rows"], table["rows"]);
            assert_eq!(compared["row_sum"], table["row_sum"]);
        }
        assert!(mark["definitions"].as_u64() > Some(20), "{mark}");
        for step in ["files", "load", "rows", "definitions", "drop"] {
            assert!(mark["seconds"][step].as_f64() > Some(0.0), "{step}: {mark}");
        }
        assert_eq!(
            runs(&own).await,
            [
                ended("postfacto_backup", "24 02:00", "succeeded"),
                ended("postfacto_restore_drill", "24 02:00", "succeeded"),
            ]
        );
        // The drill's own schedule has nothing to make up for.
        let drill = call(&program, "postfacto_restore_drill", &occurrence(29)).await;
        assert_eq!(drill.status, 200, "{}", printed(&drill));
        assert!(
            printed(&drill).contains("nothing to do"),
            "{}",
            printed(&drill)
        );
        // A doubled call repeats neither of them.
        let again = call(&program, "postfacto_backup", &occurrence(24)).await;
        assert!(
            printed(&again).contains("nothing to do"),
            "{}",
            printed(&again)
        );
        assert_eq!(runs(&own).await.len(), 3);
    });
}

#[test]
fn a_failed_drill_after_a_backup_does_not_fail_the_backup() {
    run(async {
        let (own, source, folder) = (Database::migrated(), Database::migrated(), folder());
        let program = start(&own, folder.path(), &[("postfacto", &source.url)])
            .set(
                "DRILL_DATABASE_URL",
                "postgres://u@127.0.0.1:1/x?sslmode=disable",
            )
            .set("DRILL_AFTER", "backup")
            .serving()
            .await;
        let answer = call(&program, "postfacto_backup", &occurrence(24)).await;
        assert_eq!(answer.status, 200, "{}", printed(&answer));
        let logs = answer.json()["Logs"].to_string();
        assert!(logs.contains("postfacto_restore_drill failed"), "{logs}");
        assert_eq!(
            runs(&own).await,
            [
                ended("postfacto_backup", "24 02:00", "succeeded"),
                ended("postfacto_restore_drill", "24 02:00", "failed"),
            ]
        );
        let health = program.get("/health").await.json();
        assert_eq!(harness::timer(&health, "postfacto_backup")["status"], "ok");
        assert_eq!(
            harness::timer(&health, "postfacto_restore_drill")["status"],
            "fail"
        );
    });
}

#[test]
fn a_drill_that_would_not_fit_is_not_started_and_the_scheduled_one_makes_up_for_it() {
    run(async {
        let site = Site::usual();
        let (own, folder) = (Database::migrated(), folder());
        let source = site.readers(&site.postfacto(0.0).await);
        let program = start(&own, folder.path(), &[("postfacto", &source)])
            .set("DRILL_DATABASE_URL", &site.administrators().url("postgres"))
            .set("DRILL_AFTER", "backup")
            .serving()
            .await;
        let answer = call(&program, "postfacto_backup", &occurrence(24)).await;
        assert_eq!(answer.status, 200, "{}", printed(&answer));
        // As if that drill had taken an hour.
        let id = backups(folder.path(), "postfacto").remove(0);
        let mut mark = file(folder.path(), &id, "verified.json");
        mark["milliseconds"] = json!(3_600_000);
        let path = folder
            .path()
            .join("postfacto")
            .join(id)
            .join("verified.json");
        std::fs::write(path, mark.to_string()).expect("it is written");

        let answer = call(&program, "postfacto_backup", &occurrence(25)).await;
        assert_eq!(answer.status, 200, "{}", printed(&answer));
        let logs = answer.json()["Logs"].to_string();
        assert!(logs.contains("was not started"), "{logs}");
        assert!(logs.contains("functionTimeout"), "{logs}");
        let drill = call(&program, "postfacto_restore_drill", &occurrence(29)).await;
        assert_eq!(drill.status, 200, "{}", printed(&drill));
        assert!(
            printed(&drill).contains("restored to"),
            "{}",
            printed(&drill)
        );
        let outcomes: Vec<_> = runs(&own).await.into_iter().map(|it| it.2).collect();
        let outcomes: Vec<&str> = outcomes.iter().flatten().map(String::as_str).collect();
        assert_eq!(
            outcomes,
            ["succeeded", "succeeded", "succeeded", "failed", "succeeded"]
        );
    });
}

#[test]
fn a_drill_without_a_server_fails_and_names_the_setting() {
    run(async {
        let (own, source, folder) = (Database::migrated(), Database::migrated(), folder());
        let start = start(&own, folder.path(), &[("postfacto", &source.url)]);
        let program = start.serving().await;
        let drill = call(&program, "postfacto_restore_drill", &occurrence(29)).await;
        assert_eq!(drill.status, 500);
        assert!(
            printed(&drill).contains("DRILL_DATABASE_URL"),
            "{}",
            printed(&drill)
        );
    });
}

#[test]
fn without_sources_both_timers_succeed() {
    run(async {
        let program = Start::on(&Database::migrated()).await;
        for function in ["postfacto_backup", "postfacto_restore_drill"] {
            let answer = call(&program, function, &occurrence(24)).await;
            assert_eq!(answer.status, 200);
            assert!(
                printed(&answer).contains("BACKUP_DATABASES"),
                "{}",
                printed(&answer)
            );
        }
        let health = program.get("/health").await.json();
        assert_eq!(health["checks"].get("backup:age"), None);
    });
}

#[test]
fn a_functions_host_runs_both_timers() {
    everywhere(async |site| {
        let (own, folder) = (Database::migrated(), folder());
        let source = site.postfacto(0.0).await;
        let app = AppFolder::new();
        let options = app
            .on(&own)
            .setting("BACKUP_URL", format!("file://{}", folder.path().display()))
            .setting("BACKUP_DATABASES", "postfacto")
            .setting("BACKUP_DATABASE_URL_POSTFACTO", site.url(&source))
            .setting("DRILL_DATABASE_URL", site.administrators().url("postgres"));
        let host = harness::start(options).await;
        for function in ["postfacto_backup", "postfacto_restore_drill"] {
            let result = host.invoke_timer(function, TimerCall::default()).await;
            let TimerResult::Succeeded { logs, .. } = result else {
                panic!("{function}: {result:?}");
            };
            assert!(logs[0].starts_with("postfacto/20"), "{logs:?}");
        }
        host.shutdown().await;
    });
}

#[test]
fn under_a_host_sources_without_a_store_are_rejected() {
    let output = Start::handler()
        .set("DATABASE_URL", "host=/nowhere user=u")
        .set("BACKUP_DATABASES", "postfacto")
        .set("BACKUP_DATABASE_URL_POSTFACTO", "host=/nowhere user=u")
        .argument("migrate")
        .output();
    assert_eq!(output.status.code(), Some(2));
    let printed = String::from_utf8_lossy(&output.stderr);
    assert!(printed.contains("BACKUP_URL"), "{printed}");
}
