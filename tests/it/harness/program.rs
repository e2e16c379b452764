//! The running program and its client.

use std::process::ExitStatus;
use std::sync::Mutex;

use reqwest::{Method, RequestBuilder};
use serde_json::Value;

use super::process::{Lines, Process};
use super::{Response, client, eventually};

/// The running program. It is killed when this is dropped.
pub(crate) struct Program {
    process: Process,
    /// `http://127.0.0.1:<port>`.
    pub(crate) url: String,
    stdout: Lines,
    stderr: Lines,
    client: reqwest::Client,
}

impl Program {
    /// Waits until the process prints its address.
    pub(super) async fn new(mut process: Process) -> Program {
        let (stdout, stderr) = process.collect();
        let url = eventually("the line with the address", || async {
            let lines = stdout.lock().expect("no reader panicked");
            let mut lines = lines.iter();
            let line = lines.find(|line| line.contains("http://127.0.0.1:"))?;
            let rest = &line[line.find("http://127.0.0.1:")?..];
            let end = rest.find([',', ' ', '"']).unwrap_or(rest.len());
            Some(rest[..end].to_owned())
        })
        .await;
        Program {
            process,
            url,
            stdout,
            stderr,
            client: client(),
        }
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.url))
    }

    pub(crate) async fn get(&self, path: &str) -> Response {
        Response::to(self.request(Method::GET, path)).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Response {
        Response::to(self.request(Method::DELETE, path)).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Response {
        Response::to(self.with_json(Method::POST, path, body)).await
    }

    pub(crate) async fn patch(&self, path: &str, body: &Value) -> Response {
        Response::to(self.with_json(Method::PATCH, path, body)).await
    }

    pub(crate) fn with_json(&self, method: Method, path: &str, body: &Value) -> RequestBuilder {
        self.request(method, path)
            .header("content-type", "application/json")
            .body(body.to_string())
    }

    /// Creates an item and returns its id.
    pub(crate) async fn make(&self, name: &str) -> i64 {
        let body = serde_json::json!({ "name": name });
        let response = self.post("/item", &body).await;
        assert_eq!(response.status, 201, "{response:?}");
        response.json()["data"]["id"].as_i64().expect("a number")
    }

    /// `127.0.0.1:<port>`.
    pub(crate) fn address(&self) -> &str {
        self.url.trim_start_matches("http://")
    }

    pub(crate) fn pid(&self) -> u32 {
        self.process.pid()
    }

    /// The lines on stdout so far.
    pub(crate) fn stdout(&self) -> Vec<String> {
        self.stdout.lock().expect("no reader panicked").clone()
    }

    /// The lines on stderr so far.
    pub(crate) fn stderr(&self) -> Vec<String> {
        self.stderr.lock().expect("no reader panicked").clone()
    }

    /// Waits for a line on stdout or stderr.
    pub(crate) async fn line(&self, wanted: impl Fn(&str) -> bool) -> String {
        eventually("a log line", || async {
            let lines = [self.stdout(), self.stderr()].concat();
            lines.into_iter().find(|line| wanted(line))
        })
        .await
    }

    /// Waits for a line on stderr.
    pub(crate) async fn error_line(&self, wanted: impl Fn(&str) -> bool) -> String {
        eventually("a line on stderr", || async {
            self.stderr().into_iter().find(|line| wanted(line))
        })
        .await
    }

    /// Sends SIGTERM, SIGINT or SIGKILL.
    pub(crate) fn signal(&self, name: &str) {
        self.process.signal(name);
    }

    /// Waits for its end.
    pub(crate) async fn ended(&mut self) -> ExitStatus {
        let process = Mutex::new(&mut self.process);
        eventually("the program's end", || async {
            process.lock().expect("no other task waits").status()
        })
        .await
    }

    pub(crate) fn resident(&self) -> Resident {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid()))
            .expect("the process is running");
        let field = |name: &str| {
            let line = status.lines().find(|line| line.starts_with(name));
            let number = line.and_then(|line| line.split_whitespace().nth(1));
            number.and_then(|number| number.parse().ok()).expect(name)
        };
        Resident {
            now: field("VmRSS:"),
            peak: field("VmHWM:"),
        }
    }
}

/// A resident size in KiB.
pub(crate) struct Resident {
    pub(crate) now: u64,
    pub(crate) peak: u64,
}

/// Waits until items can be read. This is fast, because a request itself waits for the schema.
pub(crate) async fn ready(program: &Program) {
    eventually("items", || async {
        (program.get("/item?limit=1").await.status == 200).then_some(())
    })
    .await;
}

/// Waits until `/health` succeeds. Its report may be some seconds old.
pub(crate) async fn healthy(program: &Program) {
    eventually("health", || async {
        (program.get("/health").await.status == 200).then_some(())
    })
    .await;
}

/// The finding about this timer in a report of `/health`.
#[track_caller]
pub(crate) fn timer(report: &Value, function: &str) -> Value {
    let timers = report["checks"]["timer:last-due"].as_array();
    let mut timers = timers.into_iter().flatten();
    let found = timers.find(|finding| finding["componentId"] == function);
    found
        .unwrap_or_else(|| panic!("no finding about {function}: {report}"))
        .clone()
}
