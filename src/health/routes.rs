//! `/health` and `/health/live` over HTTP.

use std::sync::Arc;

use hyper::{Method, StatusCode};

use super::{Finding, Health, Status};
use crate::http::{Endpoint, Request, Response, whole};
use crate::version;

const MEDIA_TYPE: &str = "application/health+json";

static FULL: Endpoint = Endpoint {
    function: "health",
    path: "health",
    methods: &[(Method::GET, &[])],
};

static LIVE: Endpoint = Endpoint {
    function: "health_live",
    path: "health/live",
    methods: &[(Method::GET, &[])],
};

/// The header in which the Functions host sends its version.
const HOST_VERSION: &str = "x-azure-functions-hostversion";

/// `/health`.
pub async fn full(health: &Health, request: Request) -> Response {
    let handler = async |request: Request| {
        let mut report = health.report().await;
        if let Some(host) = host_version(&request) {
            Arc::make_mut(&mut report).add(host);
        }
        let status = match report.status {
            Status::Ok | Status::Warn => StatusCode::OK,
            Status::Fail => StatusCode::SERVICE_UNAVAILABLE,
        };
        let body = serde_json::to_vec(&*report).expect("strings and numbers always serialize");
        Ok(whole(status, MEDIA_TYPE, body))
    };
    FULL.respond(request, handler).await
}

/// `/health/live`: the process responds. Other resources are not checked, because a restart of this process
/// would not repair them.
pub async fn live(request: Request) -> Response {
    let handler = |_| async {
        let body = serde_json::json!({
            "status": Status::Ok,
            "version": version::VERSION,
            "releaseId": version::COMMIT,
        });
        Ok(whole(StatusCode::OK, MEDIA_TYPE, body.to_string()))
    };
    LIVE.respond(request, handler).await
}

/// The version of the Functions host that passed this request on.
fn host_version(request: &Request) -> Option<Finding> {
    let version = request.header(HOST_VERSION)?;
    let is_version =
        version.len() <= 40 && version.bytes().all(|it| it.is_ascii_digit() || it == b'.');
    is_version.then(|| Finding {
        component_type: "system",
        ..Finding::new("host:version", version)
    })
}
