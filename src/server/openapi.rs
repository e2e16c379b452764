//! `/openapi.json`: what is served, for programs.

use std::sync::LazyLock;

use warp::http::Method;
use warp::{Filter, Rejection};

use crate::http::{Endpoint, Problem, Request, Response, json, request};
use crate::version;

/// The document as served: `openapi.json` of this folder, with this program's version.
static DOCUMENT: LazyLock<String> = LazyLock::new(|| {
    let mut document: serde_json::Value = serde_json::from_str(include_str!("openapi.json"))
        .expect("the file is JSON: a test reads it");
    document["info"]["version"] = version::VERSION.into();
    document.to_string()
});

static OPENAPI: Endpoint = Endpoint {
    function: "openapi",
    methods: &[(Method::GET, &[])],
};

/// The route.
pub(super) fn routes() -> impl Filter<Extract = (Response,), Error = Rejection> + Clone {
    warp::path!("openapi.json")
        .and(request())
        .then(|request| OPENAPI.answer(request, document))
}

async fn document(_: Request) -> Result<Response, Problem> {
    Ok(json(DOCUMENT.clone().into_bytes()))
}
