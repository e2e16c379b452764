//! Checks of every request before the routes: its path, its `Host`, and the page that sent it.

use std::convert::Infallible;
use std::error::Error;
use std::net::IpAddr;

use bytes::Bytes;
use futures_util::FutureExt;
use hyper::body::Body;
use hyper::http::uri::{Authority, PathAndQuery};
use hyper::service::Service;
use hyper::{HeaderMap, StatusCode, Uri, header};

use super::path;
use crate::app::HTTP_FUNCTIONS;
use crate::host;
use crate::http::{FieldError, Problem, Request, Response, respond};

/// The clients that can reach the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Front {
    /// Only a Functions host, which checks keys and host names itself.
    FunctionsHost,
    /// Every program on this machine, and pages of other sites in a browser.
    Nothing,
}

/// Passes `request` on to the routes, or rejects it.
pub(super) async fn admit<S, B>(
    front: Front,
    routes: &S,
    mut request: hyper::Request<B>,
) -> Response
where
    S: Service<hyper::Request<B>, Response = Response, Error = Infallible>,
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    if let Err(problem) = check(front, &mut request) {
        let handler = |_| async { Err(problem) };
        return respond("server", "{path}", Request::new(request), handler).await;
    }
    if let Some(function) = host::unproxied(&request, HTTP_FUNCTIONS) {
        let rejection = host::reject_unproxied(function, Request::new(request));
        return rejection.boxed().await;
    }
    match routes.call(request).await {
        Ok(response) => response,
        Err(never) => match never {},
    }
}

fn check<B>(front: Front, request: &mut hyper::Request<B>) -> Result<(), Problem> {
    let host = host(request.headers())?;
    if front == Front::Nothing {
        reject_foreign_pages(&host, request.headers())?;
    }
    normalize(request.uri_mut())
}

/// The one `Host` of the request (RFC 9112, section 3.2).
fn host(headers: &HeaderMap) -> Result<Authority, Problem> {
    let mut values = headers.get_all(header::HOST).iter();
    let (value, None) = (values.next(), values.next()) else {
        return Err(bad_host("it occurs more than once"));
    };
    let value = value.ok_or_else(|| bad_host("it is missing"))?;
    Authority::try_from(value.as_bytes()).map_err(|_| bad_host("it is not a host and a port"))
}

fn bad_host(detail: &str) -> Problem {
    Problem::bad_parameter(FieldError::new("host", detail))
}

/// A page of another site must not reach this server, neither by a request to this machine's name nor by a
/// name of its own that resolves to this machine (DNS rebinding).
fn reject_foreign_pages(host: &Authority, headers: &HeaderMap) -> Result<(), Problem> {
    if !is_this_machine(host.host()) {
        return Err(Problem::new(
            StatusCode::FORBIDDEN,
            "foreign-host",
            "The host is not this machine",
            format!("without a Functions host in front, use 127.0.0.1 or localhost, not {host}"),
        ));
    }
    if headers
        .get("sec-fetch-site")
        .is_some_and(|site| site == "cross-site")
    {
        return Err(Problem::new(
            StatusCode::FORBIDDEN,
            "cross-site",
            "Requests of other sites are not allowed",
            "without a Functions host in front, a browser may call this server from its own pages only",
        ));
    }
    Ok(())
}

fn is_this_machine(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    address.parse().is_ok_and(|it: IpAddr| it.is_loopback())
        || host.eq_ignore_ascii_case("localhost")
        || host.to_ascii_lowercase().ends_with(".localhost")
}

fn normalize(uri: &mut Uri) -> Result<(), Problem> {
    let bad_path = || {
        let detail = "it has %00 or a byte outside of ASCII; send UTF-8, percent-encoded";
        Problem::bad_parameter(FieldError::new("path", detail))
    };
    let normal = path::normalize(uri.path()).map_err(|_| bad_path())?;
    if normal == uri.path() {
        return Ok(());
    }
    let normal = match uri.query() {
        Some(query) => format!("{normal}?{query}"),
        None => normal.into_owned(),
    };
    let normal = PathAndQuery::try_from(normal).map_err(|_| bad_path())?;
    *uri = Uri::from(normal);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loopback_addresses_and_localhost_are_this_machine() {
        for (host, expected) in [
            ("localhost", true),
            ("LOCALHOST:3000", true),
            ("app.localhost", true),
            ("127.0.0.1:3000", true),
            ("127.1.2.3", true),
            ("[::1]:3000", true),
            ("shop.example", false),
            ("localhost.example", false),
            ("notlocalhost", false),
            ("10.0.0.1", false),
            ("0.0.0.0", false),
        ] {
            let authority: Authority = host.parse().expect(host);
            assert_eq!(is_this_machine(authority.host()), expected, "{host}");
        }
    }
}
