//! The request itself, streamed both ways (`enableProxyingHttpRequest`).
//!
//! Source: Azure/azure-functions-host, `DefaultHttpProxyService.cs`, `RetryProxyHandler.cs`,
//! `ScriptInvocationRequestTransformer.cs`; YARP's `RequestUtilities`.

use std::net::SocketAddr;

use http_body_util::BodyExt as _;
use hyper::{
    HeaderMap, Request, Response, Uri,
    body::Incoming,
    header::{HOST, HeaderName, HeaderValue},
};

use super::path;
use crate::{
    client::{Body, HOST_VERSION, client_error},
    shared::Shared,
};

/// What belongs to one connection and does not travel on.
const HOP_BY_HOP: [&str; 9] = [
    "connection",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// Sends `request` to the handler, its path encoded anew, and answers what comes back
/// as it comes. Dropping this (a client that goes away) aborts the request to the handler.
pub(super) async fn proxy(
    shared: &Shared,
    invocation: &str,
    peer: SocketAddr,
    request: Request<Incoming>,
) -> Result<Response<Body>, String> {
    let (parts, body) = request.into_parts();
    let mut onward = Request::new(body.boxed_unsync());
    *onward.method_mut() = parts.method;
    *onward.uri_mut() = target(shared.handler.port, &parts.uri)?;
    *onward.headers_mut() = headers(parts.headers, shared.handler.port, invocation, peer);
    let response = shared
        .within_function_timeout(shared.proxy_client.request(onward))
        .await?
        .map_err(|error| client_error(&error))?;
    let mut response = response.map(Incoming::boxed_unsync);
    remove_hop_by_hop(response.headers_mut());
    Ok(response)
}

fn target(port: u16, uri: &Uri) -> Result<Uri, String> {
    let decoded = path::decoded(uri.path()).unwrap_or_default();
    let query = uri.query().map(|query| path::query(&format!("?{query}")));
    let path = path::encoded(&decoded) + &query.unwrap_or_default();
    Uri::builder()
        .scheme("http")
        .authority(format!("127.0.0.1:{port}"))
        .path_and_query(path)
        .build()
        .map_err(|error| format!("cannot pass on the target {uri}: {error}"))
}

fn headers(mut headers: HeaderMap, port: u16, invocation: &str, peer: SocketAddr) -> HeaderMap {
    let public_host = headers.remove(HOST);
    remove_hop_by_hop(&mut headers);
    let mut set = |name: &'static str, value: &str| {
        let value = HeaderValue::from_str(value).expect("addresses and ids are visible ASCII");
        headers.insert(HeaderName::from_static(name), value);
    };
    set("host", &format!("127.0.0.1:{port}"));
    set("x-forwarded-for", &peer.ip().to_string());
    set("x-forwarded-proto", "http");
    set("x-ms-invocation-id", invocation);
    set("x-azure-functions-invocationid", invocation);
    set("x-azure-functions-hostversion", HOST_VERSION);
    match public_host {
        Some(host) => headers.insert("x-forwarded-host", host),
        None => headers.remove("x-forwarded-host"),
    };
    headers
}

fn remove_hop_by_hop(headers: &mut HeaderMap) {
    for name in HOP_BY_HOP {
        headers.remove(name);
    }
}
