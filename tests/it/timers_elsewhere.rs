//! `magnusapi run`, and an app whose timers another scheduler runs: `TIMERS_ELSEWHERE`.

use reqwest::Method;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio_postgres::Client;

use crate::harness::{
    AppFolder, Database, Process, Program, Response, Start, eventually, run, timer,
};

const BACKUP: &str = "postfacto_backup";

/// The settings that the app and the other scheduler share.
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

    fn with_settings(&self, start: Start, source: &str) -> Start {
        let store = format!("file://{}", self.folder.path().display());
        start
            .set("DATABASE_URL", &self.own.url)
            .set("BACKUP_URL", &store)
            .set("BACKUP_DATABASES", "shop")
            .set("BACKUP_DATABASE_URL_SHOP", source)
    }

    /// The app, whose host leaves backups to the other scheduler.
    async fn app(&self) -> Program {
        let folder = self.app.path().display().to_string();
        self.with_settings(Start::handler(), &self.source.url)
            .set("FUNCTIONS_APP_ROOT_PATH", &folder)
            .set("ITEM_HOUSEKEEPING_SCHEDULE", "0 */10 * * * *")
            .set("BACKUP_SCHEDULE", "0 0 2 * * *")
            .set("DRILL_SCHEDULE", "0 0 4 * * 0")
            .set("TIMERS_ELSEWHERE", BACKUP)
            .serving()
            .await
    }

    /// The other scheduler's process.
    fn run(&self, source: &str) -> Start {
        let start = Start::operator().argument("run").argument(BACKUP);
        self.with_settings(start, source)
    }

    /// Backups were due for three days.
    async fn missed_backups(&self) {
        let client = self.own.connect().await;
        let since = "INSERT INTO function_schedule (function, schedule, since)
                     VALUES ('postfacto_backup', '0 0 2 * * *', now() - interval '3 days')";
        client.batch_execute(since).await.expect("it is executed");
    }

    /// The ledger's rows about the backup: outcome, and whether it was interrupted.
    async fn runs(&self) -> Vec<(Option<String>, bool)> {
        let client = self.own.connect().await;
        let runs = "SELECT outcome, coalesce(summary ->> 'interrupted' = 'true', false)
                      FROM function_run WHERE function = 'postfacto_backup' ORDER BY slot";
        let rows = client.query(runs, &[]).await.expect("the rows");
        rows.iter().map(|it| (it.get(0), it.get(1))).collect()
    }

    fn backups(&self) -> usize {
        let entries = std::fs::read_dir(self.folder.path().join("shop"));
        let entries = entries.into_iter().flatten().flatten();
        entries
            .filter(|entry| entry.path().join("manifest.json").exists())
            .count()
    }

    /// A run that waits for a table, which the client keeps locked.
    async fn stalled(&self) -> (Process, Client) {
        let client = self.source.connect().await;
        let lock = "BEGIN; LOCK TABLE item IN ACCESS EXCLUSIVE MODE";
        client.batch_execute(lock).await.expect("the lock");
        let running = self.run(&self.source.url).running();
        let has_begun = async || (self.runs().await == [(None, false)]).then_some(());
        eventually("the run", has_begun).await;
        (running, client)
    }
}

/// Waits until `/health` reports this outcome of the last backup that was due.
async fn reported(program: &Program, outcome: &str) -> Value {
    eventually(outcome, || async {
        let report = program.get("/health").await.json();
        let finding = timer(&report, BACKUP);
        (finding["observedValue"]["outcome"] == outcome).then_some(finding)
    })
    .await
}

#[test]
fn a_run_elsewhere_counts_as_the_apps_own() {
    run(async {
        let stage = Stage::new();
        stage.missed_backups().await;
        let app = stage.app().await;
        let missed = reported(&app, "missed").await;
        assert_eq!(missed["status"], "fail");
        let output = missed["output"].as_str().expect("the remedy");
        assert!(
            output.contains("magnusapi run postfacto_backup"),
            "{output}"
        );
        let done = stage.run(&stage.source.url).output();
        assert!(done.status.success(), "{done:?}");
        assert_eq!(stage.backups(), 1);
        assert_eq!(stage.runs().await, [(Some("succeeded".into()), false)]);
        let fine = reported(&app, "succeeded").await;
        assert_eq!(fine["status"], "ok", "{fine}");
    });
}

#[test]
fn neither_clock_of_the_app_runs_a_function_of_another_scheduler() {
    run(async {
        let stage = Stage::new();
        stage.missed_backups().await;
        let app = stage.app().await;
        let body = json!({ "Data": { "timer": {} }, "Metadata": {} });
        let call = app.with_json(Method::POST, "/postfacto_backup", &body);
        let call = Response::to(call.header("X-Azure-Functions-InvocationId", "one")).await;
        assert_eq!(call.status, 200, "{call:?}");
        let line = call.json()["Logs"][0].to_string();
        assert!(line.contains("TIMERS_ELSEWHERE"), "{line}");
        let due = Response::to(app.request(Method::POST, "/run-due"))
            .await
            .json();
        let functions = due["data"]["functions"].as_array().expect("a list");
        let backup = functions.iter().find(|it| it["function"] == BACKUP);
        assert_eq!(backup.expect("a report")["found"], "off", "{due}");
        assert_eq!(stage.backups(), 0);
        assert!(stage.runs().await.is_empty());
    });
}

#[test]
fn a_second_run_is_refused_and_a_signal_interrupts_the_first() {
    run(async {
        let stage = Stage::new();
        let (running, _client) = stage.stalled().await;
        let second = stage.run(&stage.source.url).output();
        assert_eq!(second.status.code(), Some(5), "{second:?}");
        assert_eq!(running.ended_by("TERM").code(), Some(6));
        let [(outcome, interrupted)] = stage.runs().await.try_into().expect("one run");
        assert_eq!((outcome.as_deref(), interrupted), (Some("failed"), true));
    });
}

#[test]
fn a_run_that_fails_exits_with_1_and_its_reason() {
    run(async {
        let stage = Stage::new();
        let away = "postgres://u@127.0.0.1:1/x?sslmode=disable";
        let failed = stage.run(away).output();
        let text = String::from_utf8_lossy(&failed.stderr);
        assert_eq!(failed.status.code(), Some(1), "{text}");
        assert!(
            text.contains("postfacto_backup failed: shop: failed"),
            "{text}"
        );
        assert_eq!(stage.runs().await, [(Some("failed".into()), false)]);
    });
}
