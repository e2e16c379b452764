//! An HTML response with its headers.

use std::sync::LazyLock;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hyper::StatusCode;
use hyper::header::{self, HeaderValue};
use ring::digest::{SHA256, digest};

use crate::http::{Response, whole};

/// The style of every document, which its `<style>` contains.
pub(super) const STYLE: &str = include_str!("style.css");

/// The script of every document, which its `<script>` contains.
pub(super) const SCRIPT: &str = include_str!("script.js");

/// Allows the style and the script by their hashes, the icon of the tab, and requests and forms to this server.
static POLICY: LazyLock<HeaderValue> = LazyLock::new(|| {
    let hash = |text: &str| STANDARD.encode(digest(&SHA256, text.as_bytes()));
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{}'; script-src 'sha256-{}'; img-src data:; \
         connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
        hash(STYLE),
        hash(SCRIPT)
    );
    HeaderValue::try_from(policy).expect("a policy is visible ASCII")
});

/// The address contains a key, so no other site may see it.
const REFERRER_POLICY: HeaderValue = HeaderValue::from_static("no-referrer");

/// A response with a document. [`respond`](crate::http::respond()) adds the headers of every response.
pub(super) fn html(status: StatusCode, document: String) -> Response {
    let mut response = whole(status, "text/html; charset=utf-8", document);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, POLICY.clone());
    headers.insert(header::REFERRER_POLICY, REFERRER_POLICY);
    response
}
