//! What every request passes before the routes: its path, its `Host`, and where it comes from.

use std::net::IpAddr;

use bytes::Bytes;
use hyper::body::Body;
use hyper::service::Service;
use warp::http::uri::{Authority, PathAndQuery};
use warp::http::{HeaderMap, Request, StatusCode, Uri, header};

use super::path;
use crate::http::{self, FieldError, Problem, Response, answer};

/// Who can reach the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Front {
    /// A Functions host: it judges keys and names, and it alone can reach this process.
    FunctionsHost,
    /// Everything on this machine, a browser with foreign pages included.
    Nothing,
}

/// Passes `request` on to `routes`, or answers it when it may not pass.
pub(super) async fn enter<S, B>(front: Front, routes: &S, mut request: Request<B>) -> Response
where
    S: Service<Request<B>, Response = Response, Error = std::convert::Infallible>,
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    match admit(front, &mut request) {
        Ok(()) => match routes.call(request).await {
            Ok(response) => response,
            Err(never) => match never {},
        },
        Err(problem) => {
            let request = http::Request::of(request);
            answer("door", request, |_| async { Err(problem) }).await
        }
    }
}

fn admit<B>(front: Front, request: &mut Request<B>) -> Result<(), Problem> {
    let host = host(request.headers())?;
    if front == Front::Nothing {
        refuse_foreign_pages(&host, request.headers())?;
    }
    normalize(request.uri_mut())
}

/// The one `Host` of the request (RFC 9112, section 3.2).
fn host(headers: &HeaderMap) -> Result<Authority, Problem> {
    let mut values = headers.get_all(header::HOST).iter();
    let (value, None) = (values.next(), values.next()) else {
        return Err(bad_host("it is given more than once"));
    };
    let value = value.ok_or_else(|| bad_host("it is missing"))?;
    Authority::try_from(value.as_bytes()).map_err(|_| bad_host("it is not a host and a port"))
}

fn bad_host(detail: &str) -> Problem {
    Problem::bad_parameter(FieldError::new("host", detail))
}

/// A page of another site must reach nothing here: neither by a request of its own, nor by a name of
/// its own that leads to this machine (DNS rebinding).
fn refuse_foreign_pages(host: &Authority, headers: &HeaderMap) -> Result<(), Problem> {
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
