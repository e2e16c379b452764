//! Timers over HTTP, as the Functions host calls a custom handler.

use hyper::{HeaderMap, Method, StatusCode};
use serde::Serialize;

use super::{Invocation, Outcome, Timers, parse};
use crate::http::{Problem, Request, Response, respond, whole};
use crate::telemetry::Context;

/// An envelope has some 500 bytes.
const BODY_LIMIT: usize = 1024 * 1024;

/// `POST /<function>` for a timer.
pub async fn invoke(timers: &Timers, function: &'static str, request: Request) -> Response {
    let handler = async |mut request: Request| {
        if request.method != Method::POST || comes_from_outside(&request.headers) {
            return Err(Problem::no_such_path());
        }
        let outcome = match invocation(function, &mut request).await {
            Ok(invocation) => timers.invoke(invocation).await,
            Err(reason) => {
                log::error!("{function} was not run: {reason}");
                Outcome::failed(Vec::new(), reason)
            }
        };
        Ok(Reply::new(&outcome).into_response())
    };
    respond(function, function, request, handler).await
}

async fn invocation(function: &str, request: &mut Request) -> Result<Invocation, String> {
    let body = request.body(BODY_LIMIT).await;
    let body = body.map_err(|problem| problem.to_string())?;
    let context = Context::current();
    let id = context.map_or_else(String::new, |context| context.invocation_id.to_string());
    parse(function, &id, &body).map_err(|error| error.to_string())
}

/// The host adds these headers to requests from outside, and never to its own. So a route that shares a
/// timer's path cannot run the timer.
pub(super) fn comes_from_outside(headers: &HeaderMap) -> bool {
    ["x-forwarded-host", "x-ms-invocation-id"]
        .iter()
        .any(|name| headers.contains_key(*name))
}

/// The invocation result that the host reads. After an empty body, 204 or `null`, the host would wait until
/// `functionTimeout`, so every response has an object.
#[derive(Default, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Reply<'a> {
    /// By the names of the bindings.
    pub(super) outputs: serde_json::Map<String, serde_json::Value>,
    pub(super) logs: &'a [String],
    pub(super) return_value: Option<()>,
    /// Not for the host, but for a person who calls the handler by hand.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) error: Option<&'a str>,
}

impl Reply<'_> {
    fn new(outcome: &Outcome) -> Reply<'_> {
        Reply {
            logs: &outcome.lines,
            error: outcome.failure.as_deref(),
            ..Reply::default()
        }
    }

    pub(super) fn into_response(self) -> Response {
        let status = match self.error {
            None => StatusCode::OK,
            Some(_) => StatusCode::INTERNAL_SERVER_ERROR,
        };
        let body = serde_json::to_vec(&self).expect("strings always serialize");
        whole(status, "application/json", body)
    }
}
