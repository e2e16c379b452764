//! `POST /run-due` over HTTP.
//!
//! The Functions host requires a key: `authLevel` in the function's file.

use std::time::Duration;

use futures_util::FutureExt;
use hyper::{Method, StatusCode};
use serde_json::json;
use uuid::Uuid;

use super::report::{Report, RunOutcome};
use super::runs::{self, DueRuns};
use crate::http::{Endpoint, FieldError, Problem, Query, Request, Response, whole};
use crate::telemetry::Context;

static RUN_DUE: Endpoint = Endpoint {
    function: "run_due",
    path: "run-due",
    methods: &[(Method::POST, &["wait", "function"])],
};

/// Less than the timeouts of common callers: an availability test and a Logic App have two minutes.
const WAIT: u64 = 90;

/// Azure's load balancer wants a response within 230 seconds, and the ledger may take some of them.
const LONGEST_WAIT: u64 = 200;

/// `/run-due`.
pub async fn run_due(due: &DueRuns, request: Request) -> Response {
    let handler = async |request: Request| {
        let request = runs::Request {
            invocation_id: Context::current().map_or_else(Uuid::nil, |it| it.invocation_id),
            function: function(due, &request.query).map_err(Problem::bad_parameter)?,
            wait: wait(&request.query).map_err(Problem::bad_parameter)?,
        };
        let report = due.run(request).boxed().await?;
        let body = json!({ "data": report }).to_string();
        Ok(whole(status(&report), "application/json", body))
    };
    RUN_DUE.respond(request, handler).await
}

/// A run that failed is not a success of this request.
fn status(report: &Report) -> StatusCode {
    if report.has(RunOutcome::Failed) {
        StatusCode::INTERNAL_SERVER_ERROR
    } else if report.has(RunOutcome::Running) || report.has(RunOutcome::Left) {
        StatusCode::ACCEPTED
    } else {
        StatusCode::OK
    }
}

fn wait(query: &Query) -> Result<Duration, FieldError> {
    let Some(text) = query.get("wait") else {
        return Ok(Duration::from_secs(WAIT));
    };
    let seconds = text.parse().ok().filter(|it| *it <= LONGEST_WAIT);
    let seconds = seconds.ok_or_else(|| {
        let detail = format!("give a whole number of seconds from 0 to {LONGEST_WAIT}");
        FieldError::new("wait", detail)
    })?;
    Ok(Duration::from_secs(seconds))
}

fn function(due: &DueRuns, query: &Query) -> Result<Option<&'static str>, FieldError> {
    let Some(text) = query.get("function") else {
        return Ok(None);
    };
    let known = due.functions().iter().find(|known| **known == text);
    let known = known.ok_or_else(|| {
        let detail = format!("give one of {}", due.functions().join(", "));
        FieldError::new("function", detail)
    })?;
    Ok(Some(known))
}
