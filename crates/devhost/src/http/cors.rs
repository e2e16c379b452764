//! Responses that pages of other origins may read (`func`, which reads `CORS` in
//! local.settings.json).
//!
//! Source: ASP.NET Core's `CorsMiddleware` and `CorsService`, with the policy that Core Tools make:
//! any method, any header.

use crate::{
    options::Cors,
    wire::{Headers, Request, Response},
};

/// The response of the host to a preflight request. `None` for any other request, and if no origin is allowed.
pub(super) fn preflight(cors: &Cors, request: &Request) -> Option<Response> {
    let method = request.headers.get("access-control-request-method")?;
    let is_preflight = request.method == "OPTIONS" && request.headers.get("origin").is_some();
    if !is_preflight || cors.origins.is_empty() {
        return None;
    }
    let mut response = Response::empty(204);
    if is_allowed(cors, request) {
        let headers = &mut response.headers;
        headers.push("Access-Control-Allow-Methods", method);
        if let Some(asked) = request.headers.get("access-control-request-headers") {
            headers.push("Access-Control-Allow-Headers", asked);
        }
    }
    Some(response)
}

/// Adds to the headers of a response to `request` that a page of its origin may read it.
pub(super) fn allow(cors: &Cors, request: &Request, headers: &mut Headers) {
    let Some(origin) = request.headers.get("origin") else {
        return;
    };
    if !is_allowed(cors, request) {
        return;
    }
    let any = cors.origins.iter().any(|allowed| allowed == "*");
    headers.push(
        "Access-Control-Allow-Origin",
        if any { "*" } else { origin },
    );
    if cors.credentials {
        headers.push("Access-Control-Allow-Credentials", "true");
    }
    if !any && cors.origins.len() > 1 {
        headers.push("Vary", "Origin");
    }
}

fn is_allowed(cors: &Cors, request: &Request) -> bool {
    let origin = request.headers.get("origin").unwrap_or_default();
    let mut allowed = cors.origins.iter();
    allowed.any(|allowed| allowed == "*" || allowed.eq_ignore_ascii_case(origin))
}
