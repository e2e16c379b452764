//! A schedule, a database, an Azure, and the program between them.

use std::path::PathBuf;
use std::process::Output;

use reqwest::Method;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::fakes::ResourceManagerFake;
use crate::harness::{Database, Program, Response, Start, timer};

/// The program's surroundings.
pub(super) struct Stage {
    pub(super) azure: ResourceManagerFake,
    pub(super) database: Database,
    folder: TempDir,
}

/// A target `web` with 4 instances on work days from 08:00 to 16:00 UTC, else 1, and more lines.
pub(super) fn web(resource: &str, more: &str) -> String {
    format!(
        "[target.web]\nresource = \"{resource}\"\nzone = \"UTC\"\nsize = 1\n\
         bounds = {{ min = 1, max = 8 }}\n{more}\n\
         [[target.web.weekly]]\nname = \"work day\"\ndays = \"Mon-Fri\"\nfrom = \"08:00\"\n\
         to = \"16:00\"\nsize = 4\n"
    )
}

/// Tuesday, within and outside of the window.
pub(super) const DAY: &str = "2026-11-24T08:00:00Z";
pub(super) const EVENING: &str = "2026-11-24T16:00:00Z";

impl Stage {
    /// With an empty Azure, and without a schedule.
    pub(super) async fn new() -> Stage {
        Stage {
            azure: ResourceManagerFake::start().await,
            database: Database::migrated(),
            folder: tempfile::tempdir().expect("a folder"),
        }
    }

    /// With a scale set `web` of this capacity, and the schedule of [`web`].
    pub(super) async fn with_web(capacity: u32) -> Stage {
        let stage = Stage::new().await;
        stage.write(&web(&stage.azure.scale_set("web", capacity), ""));
        stage
    }

    /// Writes `scale.toml`.
    pub(super) fn write(&self, text: &str) {
        self.file("scale.toml", text);
    }

    /// Writes a file beside it.
    pub(super) fn file(&self, name: &str, text: &str) {
        std::fs::write(self.folder.path().join(name), text).expect("it is written");
    }

    pub(super) fn schedule(&self) -> PathBuf {
        self.folder.path().join("scale.toml")
    }

    fn given_to(&self, start: Start) -> Start {
        let start = self.azure.given_to(start);
        let schedule = self.schedule().display().to_string();
        start
            .set("DATABASE_URL", &self.database.url)
            .set("SCALE_CONFIG", &schedule)
    }

    /// The program as the host starts it.
    pub(super) async fn program(&self) -> Program {
        self.given_to(Start::handler()).serving().await
    }

    /// Runs `magnusapi scale …`.
    pub(super) async fn types(&self, arguments: &[&str]) -> Output {
        let start = self.given_to(Start::operator()).argument("scale");
        let start = arguments.iter().fold(start, |start, it| start.argument(it));
        let running = tokio::task::spawn_blocking(|| start.output());
        running.await.expect("no panic")
    }

    /// Its output, if it succeeds.
    #[track_caller]
    pub(super) fn does(&self, arguments: &[&str]) -> impl Future<Output = String> {
        let place = std::panic::Location::caller();
        async move {
            let output = self.types(arguments).await;
            assert_eq!(output.status.code(), Some(0), "{place}: {output:?}");
            String::from_utf8(output.stdout).expect("UTF-8")
        }
    }

    /// Its output, if it fails: stdout, then stderr.
    #[track_caller]
    pub(super) fn fails(&self, arguments: &[&str], code: i32) -> impl Future<Output = String> {
        let place = std::panic::Location::caller();
        async move {
            let output = self.types(arguments).await;
            assert_eq!(output.status.code(), Some(code), "{place}: {output:?}");
            String::from_utf8([output.stdout, output.stderr].concat()).expect("UTF-8")
        }
    }

    /// The changes, the oldest first, as `web 1 > 4 succeeded schedule`.
    pub(super) async fn changes(&self) -> Vec<String> {
        let client = self.database.connect().await;
        let rows = client
            .query(
                "SELECT concat_ws(' ', target, size_before::text, '>', size_after::text,
                                  coalesce(outcome, 'open'), cause)
                   FROM scale_change ORDER BY id",
                &[],
            )
            .await;
        let rows = rows.expect("it can be asked");
        rows.iter().map(|row| row.get(0)).collect()
    }
}

/// The host's call for the tick of `at`.
pub(super) fn call(at: &str) -> Value {
    json!({
        "Data": {"timer": {"ScheduleStatus": {"Last": "0001-01-01T00:00:00+00:00", "Next": at},
                           "IsPastDue": false}},
        "Metadata": {"sys": {"UtcNow": at}}
    })
}

/// Runs a tick.
pub(super) async fn tick(program: &Program, at: &str) -> Response {
    Response::to(program.with_json(Method::POST, "/scale", &call(at))).await
}

/// Runs a tick that returns this status. Returns its lines, or its error.
#[track_caller]
pub(super) fn ticked(program: &Program, at: &str, status: u16) -> impl Future<Output = String> {
    let place = std::panic::Location::caller();
    async move {
        let response = tick(program, at).await;
        let report = report(&response);
        assert_eq!(response.status, status, "{place}: {report}");
        report
    }
}

/// The lines of a tick, or its error.
pub(super) fn report(response: &Response) -> String {
    let body = response.json();
    let lines = body["Logs"].as_array().into_iter().flatten();
    let lines: Vec<&str> = lines.filter_map(Value::as_str).collect();
    let error = body["Error"].as_str().unwrap_or_default();
    format!("{error}|{}", lines.join("|"))
}

/// The findings of `/health` of this kind.
pub(super) async fn health(program: &Program, key: &str) -> Value {
    program.get("/health").await.json()["checks"][key].clone()
}

/// The last tick in `/health`.
pub(super) async fn last_tick(program: &Program) -> Value {
    timer(&program.get("/health").await.json(), "scale")
}
