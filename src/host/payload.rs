//! A host that does not proxy HTTP requests.
//!
//! A Functions host older than 4.1040 ignores `enableProxyingHttpRequest`. It then posts each HTTP
//! request to `/<function>` as an envelope (`{"Data":{"req":…},"Metadata":…}`) and expects an envelope
//! back. To a caller that would look like a broken API, so this program says what is wrong instead.

use serde_json::json;
use warp::http::{HeaderMap, StatusCode, header};
use warp::{Filter, Rejection};

use super::routes::{Reply, comes_from_outside};
use crate::http::{Problem, Request, Response, answer, request};
use crate::telemetry::Context;

/// How the host names itself in requests of its own, followed by its version.
const USER_AGENT: &str = "Azure-Functions-Host/";

/// `POST /<function>` as the host sends it in payload mode, for the HTTP functions `functions`.
pub fn payload_mode(
    functions: &'static [(&'static str, &'static str)],
) -> impl Filter<Extract = (Response,), Error = Rejection> + Clone {
    warp::post()
        .and(warp::path::param())
        .and(warp::path::end())
        .and(warp::header::header(header::USER_AGENT.as_str()))
        .and_then(move |name: String, agent: String| {
            let is_the_host = agent.starts_with(USER_AGENT);
            let found = functions
                .iter()
                .find(|(function, _)| is_the_host && *function == name);
            let found = found.map(|(function, _)| *function);
            async move { found.ok_or_else(warp::reject::not_found) }
        })
        .and(warp::header::headers_cloned())
        .and_then(|function: &'static str, headers: HeaderMap| async move {
            // A client can choose its `User-Agent`; the marks of the host it cannot remove.
            let is_inside = !comes_from_outside(&headers);
            is_inside
                .then_some(function)
                .ok_or_else(warp::reject::not_found)
        })
        .and(request())
        .then(|function, request| answer(function, request, explain))
}

/// An envelope of the problem: what the host passes on to the caller.
async fn explain(request: Request) -> Result<Response, Problem> {
    let version = request
        .header("x-azure-functions-hostversion")
        .unwrap_or("of an unknown version");
    let detail = format!(
        "the Functions host {version} does not proxy HTTP requests; use a host of version 4.1040 or \
         later (Core Tools 4.1.0 or later) and set customHandler.enableProxyingHttpRequest in host.json"
    );
    log::error!("{detail}");
    let problem = Problem::new(
        StatusCode::NOT_IMPLEMENTED,
        "host-does-not-proxy",
        "The Functions host does not proxy requests",
        detail.clone(),
    );
    let id = Context::current().unwrap_or_default().invocation_id;
    let response = json!({
        "statusCode": StatusCode::NOT_IMPLEMENTED.as_u16(),
        "headers": { "Content-Type": "application/problem+json", "X-Request-Id": id },
        "body": problem.to_json(&id),
    });
    let reply = Reply {
        outputs: [("res".to_owned(), response)].into_iter().collect(),
        logs: &[detail],
        ..Reply::default()
    };
    Ok(reply.to_response())
}
