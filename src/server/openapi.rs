//! `/openapi.json`: the API for programs.

use std::sync::LazyLock;

use bytes::Bytes;
use hyper::{Method, StatusCode};

use crate::http::{Endpoint, Request, Response, whole};
use crate::version;

/// `openapi.json` of this folder, with this program's version.
static DOCUMENT: LazyLock<Bytes> = LazyLock::new(|| {
    let mut document: serde_json::Value = serde_json::from_str(include_str!("openapi.json"))
        .expect("the file is JSON: a test reads it");
    document["info"]["version"] = version::VERSION.into();
    document.to_string().into()
});

static OPENAPI: Endpoint = Endpoint {
    function: "openapi",
    path: "openapi.json",
    methods: &[(Method::GET, &[])],
};

pub(super) async fn document(request: Request) -> Response {
    let document = |_| async { Ok(whole(StatusCode::OK, "application/json", DOCUMENT.clone())) };
    OPENAPI.respond(request, document).await
}
