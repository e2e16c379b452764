//! `postfacto_backup` and `postfacto_restore_drill`, as the Functions host posts them.

mod drills;

use std::net::TcpListener;
use std::path::PathBuf;

use devhost::{TimerCall, TimerResult};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::harness::{
    self, AppFolder, Database, Program, Start, call, call_with, eventually, everywhere, folder,
    occurrence, run,
};

/// The program's own database, and a store of backups in a folder.
struct Stage {
    own: Database,
    store: TempDir,
}

impl Stage {
    fn new() -> Stage {
        Stage {
            own: Database::migrated(),
            store: folder(),
        }
    }

    /// With these sources of backups.
    fn start(&self, sources: &[(&str, &str)]) -> Start {
        let store = format!("file://{}", self.store.path().display());
        Start::backing_up(&self.own, &store, sources)
    }

    /// The program with this source.
    async fn serving(&self, url: &str) -> Program {
        self.start(&[("postfacto", url)]).serving().await
    }

    /// The backups of a source, by their manifests.
    fn backups(&self, source: &str) -> Vec<String> {
        let entries = std::fs::read_dir(self.store.path().join(source));
        let entries = entries.into_iter().flatten().flatten();
        let whole = entries.filter(|entry| entry.path().join("manifest.json").exists());
        whole
            .map(|it| it.file_name().display().to_string())
            .collect()
    }

    /// A file of the only backup.
    fn path(&self, name: &str) -> PathBuf {
        let id = self.backups("postfacto").remove(0);
        self.store.path().join("postfacto").join(id).join(name)
    }

    fn file(&self, name: &str) -> Value {
        let file = std::fs::read(self.path(name));
        serde_json::from_slice(&file.expect(name)).expect("JSON")
    }

    /// The runs in the ledger, the first one first: function, slot and outcome.
    async fn runs(&self) -> Vec<String> {
        let client = self.own.connect().await;
        let runs = "SELECT concat_ws(' ', function, to_char(slot AT TIME ZONE 'UTC', 'DD HH24:MI'), outcome)
                      FROM function_run ORDER BY started_at, function";
        let rows = client.query(runs, &[]).await.expect("they can be read");
        rows.iter().map(|row| row.get(0)).collect()
    }
}

/// A server that takes connections and never says a word.
fn silent() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("it is bound").port();
    let url = format!("postgres://u@127.0.0.1:{port}/x?sslmode=disable");
    (listener, url)
}

/// The address of a server that does not run.
const AWAY: &str = "postgres://u@127.0.0.1:1/x?sslmode=disable";

#[test]
fn a_doubled_call_backs_up_once_and_the_next_occurrence_again() {
    run(async {
        let (stage, source) = (Stage::new(), Database::migrated());
        let program = stage.serving(&source.url).await;
        let first = call(&program, "postfacto_backup", 24).await;
        first.assert(200, "");
        assert!(first.text.starts_with("postfacto/20"), "{first:?}");
        let second = call(&program, "postfacto_backup", 24).await;
        second.assert(200, "nothing to do");
        assert_eq!(stage.backups("postfacto").len(), 1);
        let third = call(&program, "postfacto_backup", 25).await;
        third.assert(200, "");
        assert_eq!(stage.backups("postfacto").len(), 2);
    });
}

#[test]
fn a_call_by_hand_does_not_replace_a_scheduled_one() {
    run(async {
        let (stage, source) = (Stage::new(), Database::migrated());
        let program = stage.serving(&source.url).await;
        let mut by_hand = occurrence(24);
        by_hand["Metadata"]["sys"]["UtcNow"] = json!("2026-11-23T15:00:00Z");
        for body in [by_hand, occurrence(24)] {
            let answer = call_with(&program, "postfacto_backup", &body).await;
            assert!(answer.text.starts_with("postfacto/20"), "{answer:?}");
        }
        assert_eq!(stage.backups("postfacto").len(), 2);
    });
}

#[test]
fn a_failed_source_fails_the_call_and_stops_no_other() {
    run(async {
        let (stage, source) = (Stage::new(), Database::migrated());
        let sources = [("a-away", AWAY), ("b-there", source.url.as_str())];
        let program = stage.start(&sources).serving().await;
        let answer = call(&program, "postfacto_backup", 24).await;
        answer.assert(500, "a-away: failed");
        assert!(!answer.text.contains("b-there"), "{answer:?}");
        assert_eq!(stage.backups("b-there").len(), 1);

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
        let again = call(&program, "postfacto_backup", 24).await;
        again.assert(500, "");
        assert_eq!(stage.backups("b-there").len(), 2);
    });
}

#[test]
fn a_concurrent_call_does_nothing_and_a_killed_run_is_taken_over() {
    run(async {
        let (stage, source) = (Stage::new(), Database::migrated());
        let (_listener, hanging) = silent();
        let first = stage
            .start(&[("postfacto", &hanging)])
            .set("DATABASE_CONNECT_TIMEOUT", "60")
            .serving()
            .await;
        let calling = {
            let request = harness::timer_request(&first, "postfacto_backup", &occurrence(24));
            tokio::spawn(async move { request.send().await.is_ok() })
        };
        let second = stage.serving(&source.url).await;
        let client = stage.own.connect().await;
        eventually("the first run's row", || async {
            let row = client.query_opt("SELECT 1 FROM function_run", &[]).await;
            row.expect("it can be asked")
        })
        .await;
        let doubled = call(&second, "postfacto_backup", 24).await;
        doubled.assert(200, "has been running");
        let other = call(&second, "postfacto_backup", 25).await;
        other.assert(500, "still running");
        assert!(stage.backups("postfacto").is_empty());

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
            let answer = call(&second, "postfacto_backup", 24).await;
            answer.text.starts_with("postfacto/20").then_some(())
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
fn without_sources_both_timers_succeed() {
    run(async {
        let program = Start::on(&Database::migrated()).await;
        for function in ["postfacto_backup", "postfacto_restore_drill"] {
            let answer = call(&program, function, 24).await;
            answer.assert(200, "BACKUP_DATABASES");
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
