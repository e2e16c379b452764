//! `/metrics` over HTTP.
//!
//! The Functions host requires a key: `authLevel` in the function's file.

use futures_util::FutureExt;
use hyper::{Method, StatusCode};

use super::Metrics;
use crate::http::{Endpoint, Request, Response, whole};

static METRICS: Endpoint = Endpoint {
    function: "metrics",
    path: "metrics",
    methods: &[(Method::GET, &[])],
};

/// Prometheus's text format.
const MEDIA_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// `/metrics`.
pub async fn metrics(metrics: &Metrics, request: Request) -> Response {
    let handler = async |_| {
        let text = metrics.text().boxed().await;
        Ok(whole(StatusCode::OK, MEDIA_TYPE, text))
    };
    METRICS.respond(request, handler).await
}
