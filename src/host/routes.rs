//! Timers over HTTP, as the Functions host calls a custom handler.

use serde::Serialize;
use warp::http::{HeaderMap, Method, StatusCode};
use warp::{Filter, Rejection};

use super::{Invocation, Outcome, Timers, parse};
use crate::http::{Problem, Request, Response, answer, json, request};
use crate::telemetry::Context;

/// An envelope is some 500 bytes; nothing that calls itself one needs more than this.
const BODY_LIMIT: usize = 1024 * 1024;

/// `POST /<function>` for every timer.
pub fn routes(
    timers: &Timers,
) -> impl Filter<Extract = (Response,), Error = Rejection> + Clone + use<> {
    let timers = timers.clone();
    warp::path::param()
        .and(warp::path::end())
        .and_then(move |name: String| {
            let found = timers.functions().find(|function| **function == name);
            let found = found.map(|function| (timers.clone(), function));
            async move { found.ok_or_else(warp::reject::not_found) }
        })
        .untuple_one()
        .and(request())
        .then(|timers: Timers, function, request| {
            answer(function, request, move |request| {
                invoke(timers, function, request)
            })
        })
}

async fn invoke(
    timers: Timers,
    function: &'static str,
    mut request: Request,
) -> Result<Response, Problem> {
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
    Ok(reply(&outcome))
}

async fn invocation(function: &str, request: &mut Request) -> Result<Invocation, String> {
    let body = request.body(BODY_LIMIT).await;
    let body = body.map_err(|problem| problem.to_string())?;
    let id = Context::current().unwrap_or_default().invocation_id;
    parse(function, &id, &body).map_err(|error| error.to_string())
}

/// The host adds these to what it forwards from outside, and to nothing that it sends itself. So
/// no route that happens to share a timer's path can run it.
pub(super) fn comes_from_outside(headers: &HeaderMap) -> bool {
    ["x-forwarded-host", "x-ms-invocation-id"]
        .iter()
        .any(|name| headers.contains_key(*name))
}

/// The invocation result that the host reads. An empty body, 204 or `null` would leave the host
/// waiting until `functionTimeout`, so every answer is an object.
#[derive(Default, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Reply<'a> {
    /// By the names of the bindings.
    pub(super) outputs: serde_json::Map<String, serde_json::Value>,
    pub(super) logs: &'a [String],
    pub(super) return_value: Option<()>,
    /// Not the host's: for a person who calls the handler by hand.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) error: Option<&'a str>,
}

impl Reply<'_> {
    pub(super) fn to_response(&self) -> Response {
        json(serde_json::to_vec(self).expect("strings always serialize"))
    }
}

fn reply(outcome: &Outcome) -> Response {
    let reply = Reply {
        logs: &outcome.lines,
        error: outcome.failure.as_deref(),
        ..Reply::default()
    };
    let mut response = reply.to_response();
    if outcome.failure.is_some() {
        *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
    }
    response
}
