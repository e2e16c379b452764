//! A program with its app's folder, and a source to back up.

use std::net::TcpListener;

use reqwest::Method;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::harness::{AppFolder, Database, Program, Response, Start, eventually};

pub(super) struct Stage {
    pub(super) app: AppFolder,
    pub(super) own: Database,
    pub(super) source: Database,
    pub(super) folder: TempDir,
}

/// A program whose backup waits for a source that never responds.
pub(super) struct Hanging {
    pub(super) program: Program,
    /// The response that the run outlives.
    pub(super) response: Response,
    _source: TcpListener,
}

impl Stage {
    pub(super) fn new() -> Stage {
        Stage {
            app: AppFolder::new(),
            own: Database::migrated(),
            source: Database::migrated(),
            folder: tempfile::tempdir().expect("a folder"),
        }
    }

    /// The backup had its schedule for three days, and never ran.
    pub(super) async fn with_missed_backups() -> Stage {
        let stage = Stage::new();
        let schedule = "0 0 2 * * *";
        stage
            .scheduled_since("postfacto_backup", schedule, "3 days")
            .await;
        stage
    }

    /// The program as the host starts it. No slot was due before, except those of [`Stage::scheduled_since`].
    pub(super) fn start(&self) -> Start {
        let store = format!("file://{}", self.folder.path().display());
        let app = self.app.path().display().to_string();
        Start::handler()
            .set("DATABASE_URL", &self.own.url)
            .set("FUNCTIONS_APP_ROOT_PATH", &app)
            .set("ITEM_HOUSEKEEPING_SCHEDULE", "0 */10 * * * *")
            .set("BACKUP_SCHEDULE", "0 0 2 * * *")
            .set("DRILL_SCHEDULE", "0 0 4 * * 0")
            .set("BACKUP_URL", &store)
            .set("BACKUP_DATABASES", "shop")
            .set("BACKUP_DATABASE_URL_SHOP", &self.source.url)
    }

    pub(super) async fn serving(&self) -> Program {
        self.start().serving().await
    }

    /// A program that was called to make the missed backup, which hangs.
    pub(super) async fn hanging(&self) -> Hanging {
        let source = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = source.local_addr().expect("it is bound").port();
        let url = format!("postgres://u@127.0.0.1:{port}/x?sslmode=disable");
        let start = self.start().set("BACKUP_DATABASE_URL_SHOP", &url);
        let program = start.set("DATABASE_CONNECT_TIMEOUT", "60").serving().await;
        let response = run_due(&program, "?wait=0").await;
        assert_about(&response, "postfacto_backup", "missed", "running");
        eventually("the run's row", || async { self.runs().await.pop() }).await;
        Hanging {
            program,
            response,
            _source: source,
        }
    }

    /// The function has had its schedule for this long, and never ran.
    pub(super) async fn scheduled_since(&self, function: &str, schedule: &str, time: &str) {
        self.execute(&format!(
            "INSERT INTO function_schedule (function, schedule, since)
             VALUES ('{function}', '{schedule}', now() - interval '{time}')"
        ))
        .await;
    }

    pub(super) async fn execute(&self, sql: &str) {
        let client = self.own.connect().await;
        client.batch_execute(sql).await.expect("it is executed");
    }

    /// The outcome and the attempt of each backup in the ledger.
    pub(super) async fn runs(&self) -> Vec<(Option<String>, i32)> {
        let client = self.own.connect().await;
        let runs = "SELECT outcome, attempt FROM function_run
                     WHERE function = 'postfacto_backup' ORDER BY slot";
        let rows = client.query(runs, &[]).await.expect("the rows");
        rows.iter().map(|it| (it.get(0), it.get(1))).collect()
    }

    /// The number of backups in the store.
    pub(super) fn backups(&self) -> usize {
        let entries = std::fs::read_dir(self.folder.path().join("shop"));
        let entries = entries.into_iter().flatten().flatten();
        let whole = entries.filter(|entry| entry.path().join("manifest.json").exists());
        whole.count()
    }
}

pub(super) async fn run_due(program: &Program, query: &str) -> Response {
    let path = format!("/run-due{query}");
    Response::to(program.request(Method::POST, &path)).await
}

/// The report about this function.
#[track_caller]
pub(super) fn about(response: &Response, function: &str) -> Value {
    let body = response.json();
    let functions = body["data"]["functions"].as_array();
    let mut functions = functions.into_iter().flatten();
    let found = functions.find(|it| it["function"] == function);
    found.unwrap_or_else(|| panic!("{body}")).clone()
}

#[track_caller]
pub(super) fn assert_about(response: &Response, function: &str, found: &str, outcome: &str) {
    let report = about(response, function);
    assert_eq!(
        (&report["found"], &report["outcome"]),
        (&json!(found), &json!(outcome)),
        "{report}"
    );
}
