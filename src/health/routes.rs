//! `/health` and `/health/live` over HTTP.

use std::sync::Arc;

use warp::http::{HeaderValue, Method, StatusCode, header};
use warp::{Filter, Rejection};

use super::{Finding, Health, Status};
use crate::http::{Endpoint, Problem, Request, Response, request};
use crate::version;

const MEDIA_TYPE: &str = "application/health+json";

/// `/health`.
static FULL: Endpoint = Endpoint {
    function: "health",
    methods: &[(Method::GET, &[])],
};

/// `/health/live`.
static LIVE: Endpoint = Endpoint {
    function: "health_live",
    methods: &[(Method::GET, &[])],
};

/// The header in which the Functions host gives its version.
const HOST_VERSION: &str = "x-azure-functions-hostversion";

/// Both routes.
pub fn routes(
    health: &Health,
) -> impl Filter<Extract = (Response,), Error = Rejection> + Clone + use<> {
    let health = health.clone();
    let full = warp::path!("health").and(request()).then(move |request| {
        let health = health.clone();
        FULL.answer(request, move |request| full(health, request))
    });
    let live = warp::path!("health" / "live")
        .and(request())
        .then(|request| LIVE.answer(request, live));
    full.or(live).unify()
}

async fn full(health: Health, request: Request) -> Result<Response, Problem> {
    let mut report = health.report().await;
    if let Some(host) = host_version(&request) {
        Arc::make_mut(&mut report).add(host);
    }
    let body = serde_json::to_vec(&*report).expect("strings and numbers always serialize");
    let mut response = health_json(body);
    if report.status == Status::Fail {
        *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    }
    Ok(response)
}

/// Says that the process answers, and nothing else: what it needs may be away, and a restart of
/// this process would not bring it back.
async fn live(_: Request) -> Result<Response, Problem> {
    let body = serde_json::json!({
        "status": Status::Ok,
        "version": version::VERSION,
        "releaseId": version::COMMIT,
    });
    Ok(health_json(body.to_string().into_bytes()))
}

/// The version of the Functions host that this request came through.
fn host_version(request: &Request) -> Option<Finding> {
    let version = request.header(HOST_VERSION)?;
    let is_version =
        version.len() <= 40 && version.bytes().all(|it| it.is_ascii_digit() || it == b'.');
    is_version.then(|| Finding {
        key: "host:version",
        component_id: None,
        component_type: "system",
        observed_value: version.into(),
        observed_unit: None,
        status: Status::Ok,
        output: None,
    })
}

fn health_json(body: Vec<u8>) -> Response {
    let mut response = Response::new(body.into());
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
    response
}
