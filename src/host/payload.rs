//! Requests of a Functions host that does not proxy HTTP requests.
//!
//! A Functions host older than 4.1040 ignores `enableProxyingHttpRequest`. It posts each HTTP request to
//! `/<function>` as an envelope (`{"Data":{"req":…},"Metadata":…}`) and expects an envelope back. To a caller
//! this would look like a broken API, so the program responds with the reason.

use hyper::{Method, StatusCode, header};
use serde_json::json;

use super::routes::{Reply, comes_from_outside};
use crate::http::{Problem, Request, Response, respond};
use crate::telemetry::Context;

/// The host's product name in the `User-Agent` of its own requests, before its version.
const USER_AGENT: &str = "Azure-Functions-Host/";

/// The function of an envelope that such a host posts, if `functions` has it. A client can send this
/// `User-Agent`, but it cannot remove the headers that the host adds to requests from outside.
pub fn unproxied<B>(
    request: &hyper::Request<B>,
    functions: &'static [(&'static str, &'static str)],
) -> Option<&'static str> {
    if *request.method() != Method::POST {
        return None;
    }
    let agent = request.headers().get(header::USER_AGENT)?.to_str().ok()?;
    let (name, _) = functions
        .iter()
        .find(|(name, _)| request.uri().path().strip_prefix('/') == Some(name))?;
    let is_the_host = agent.starts_with(USER_AGENT) && !comes_from_outside(request.headers());
    is_the_host.then_some(*name)
}

/// Responds with 501 in an envelope, which the host passes on to the caller.
pub async fn reject_unproxied(function: &'static str, request: Request) -> Response {
    respond(function, function, request, explain).await
}

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
    let id = Context::current().map_or_else(uuid::Uuid::nil, |context| context.invocation_id);
    let response = json!({
        "statusCode": StatusCode::NOT_IMPLEMENTED.as_u16(),
        "headers": {
            "Content-Type": "application/problem+json",
            "X-Request-Id": id.to_string(),
        },
        "body": problem.to_json(id),
    });
    let reply = Reply {
        outputs: [("res".to_owned(), response)].into_iter().collect(),
        logs: &[detail],
        ..Reply::default()
    };
    Ok(reply.into_response())
}
