//! Calls of the backup timers, as the Functions host posts them.

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use super::{Database, Program, Response, Start};

impl Start {
    /// The handler with the store of backups at this address, and these sources of backups.
    pub(crate) fn backing_up(own: &Database, store: &str, sources: &[(&str, &str)]) -> Start {
        let names: Vec<&str> = sources.iter().map(|(name, _)| *name).collect();
        let start = Start::handler()
            .set("DATABASE_URL", &own.url)
            .set("BACKUP_URL", store)
            .set("BACKUP_DATABASES", &names.join(","));
        sources.iter().fold(start, |start, (name, url)| {
            let variable = name.to_uppercase().replace('-', "_");
            start.set(&format!("BACKUP_DATABASE_URL_{variable}"), url)
        })
    }
}

/// The body of the host for the occurrence of 02:00 on that day of November 2026.
pub(crate) fn occurrence(day: u8) -> Value {
    json!({
        "Data": {"timer": {"ScheduleStatus": {
            "Last": "0001-01-01T00:00:00+00:00", "Next": format!("2026-11-{day:02}T02:00:00+00:00")
        }, "IsPastDue": false}},
        "Metadata": {"sys": {"UtcNow": format!("2026-11-{day:02}T02:00:00.1Z")}}
    })
}

pub(crate) fn timer_request(program: &Program, function: &str, body: &Value) -> RequestBuilder {
    let request = program.with_json(Method::POST, &format!("/{function}"), body);
    request.header("X-Azure-Functions-InvocationId", "one")
}

/// The result of a call of a timer function.
#[derive(Debug)]
pub(crate) struct TimerAnswer {
    pub(crate) status: u16,
    /// The first line, or why it failed.
    pub(crate) text: String,
    pub(crate) lines: Vec<String>,
}

/// Posts the occurrence of that day.
pub(crate) async fn call(program: &Program, function: &str, day: u8) -> TimerAnswer {
    call_with(program, function, &occurrence(day)).await
}

pub(crate) async fn call_with(program: &Program, function: &str, body: &Value) -> TimerAnswer {
    let response = Response::to(timer_request(program, function, body)).await;
    let body = response.json();
    let lines = body["Logs"].as_array().into_iter().flatten();
    let lines: Vec<String> = lines
        .filter_map(|it| it.as_str().map(str::to_owned))
        .collect();
    let error = body["Error"].as_str();
    let text = error.or(lines.first().map(String::as_str));
    TimerAnswer {
        status: response.status.as_u16(),
        text: text.unwrap_or_default().to_owned(),
        lines,
    }
}

impl TimerAnswer {
    /// Asserts the status, and that the text contains this.
    #[track_caller]
    pub(crate) fn assert(&self, status: u16, says: &str) {
        assert_eq!(self.status, status, "{self:?}");
        assert!(self.text.contains(says), "{says}: {self:?}");
    }

    /// Asserts that one of the lines contains this.
    #[track_caller]
    pub(crate) fn assert_line(&self, says: &str) {
        let mut lines = self.lines.iter();
        assert!(lines.any(|line| line.contains(says)), "{says}: {self:?}");
    }
}
