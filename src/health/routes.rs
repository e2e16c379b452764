//! `/health` and `/health/live` over HTTP.

use warp::http::{HeaderValue, Method, StatusCode, header};
use warp::{Filter, Rejection};

use super::{Health, Status};
use crate::http::{Problem, Request, Response, answer, request};
use crate::version;

const MEDIA_TYPE: &str = "application/health+json";

/// Both routes.
pub fn routes(
    health: &Health,
) -> impl Filter<Extract = (Response,), Error = Rejection> + Clone + use<> {
    let health = health.clone();
    let full = warp::path!("health").and(request()).then(move |request| {
        let health = health.clone();
        answer("health", request, move |request| full(health, request))
    });
    let live = warp::path!("health" / "live")
        .and(request())
        .then(|request| answer("health_live", request, live));
    full.or(live).unify()
}

async fn full(health: Health, request: Request) -> Result<Response, Problem> {
    only_reading(&request)?;
    let report = health.report().await;
    let body = serde_json::to_vec(&*report).expect("strings and numbers always serialize");
    let mut response = health_json(body);
    if report.status == Status::Fail {
        *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    }
    Ok(response)
}

/// Says that the process answers, and nothing else: what it needs may be away, and a restart of
/// this process would not bring it back.
async fn live(request: Request) -> Result<Response, Problem> {
    only_reading(&request)?;
    let body = serde_json::json!({
        "status": Status::Ok,
        "version": version::VERSION,
        "releaseId": version::COMMIT,
    });
    Ok(health_json(body.to_string().into_bytes()))
}

fn only_reading(request: &Request) -> Result<(), Problem> {
    match request.method {
        Method::GET | Method::HEAD => Ok(()),
        _ => Err(Problem::method_not_allowed("GET, HEAD")),
    }
}

fn health_json(body: Vec<u8>) -> Response {
    let mut response = Response::new(body.into());
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
    response
}
