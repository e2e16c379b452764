//! Requests to a storage account or a bucket, over HTTP/1.1.
//!
//! The client of `object_store` also speaks HTTP/2, which Azure Blob does not and which makes the program
//! larger.

use std::error::Error;
use std::io;
use std::time::Duration;

use http_body_util::BodyExt;
use hyper::Response;
use object_store::client::{HttpError, HttpErrorKind, HttpRequest, HttpResponse, HttpResponseBody};
use object_store::{BackoffConfig, RetryConfig};
use url::Url;

use crate::azure;

/// The time limit for a request until its response begins, and between two pieces of a response. A part
/// of an upload takes this long at 150 kB a second.
const RESPONSE: Duration = Duration::from_secs(30);

const CONNECT: Duration = Duration::from_secs(5);

/// The time limit ends the retries before their number does. The client writes the number into its log
/// lines, so it is a readable one: with pauses of 4 seconds, at most 150 retries fit into 600 seconds.
pub(super) fn retries(wait: Duration) -> RetryConfig {
    RetryConfig {
        backoff: BackoffConfig {
            init_backoff: Duration::from_millis(200),
            max_backoff: Duration::from_secs(4),
            base: 3.0,
        },
        max_retries: 10_000,
        retry_timeout: wait,
    }
}

pub(super) fn client(in_the_clear: bool) -> object_store::Result<reqwest::Client> {
    azure::install_tls_provider();
    let client = reqwest::Client::builder()
        .https_only(!in_the_clear)
        // A whole response has no time limit, because a download can have any length.
        .connect_timeout(CONNECT)
        .read_timeout(RESPONSE)
        .build();
    client.map_err(|error| object_store::Error::Generic {
        store: "HTTP",
        source: Box::new(error),
    })
}

/// Returns every response, whatever its status.
pub(super) async fn send(
    client: &reqwest::Client,
    request: HttpRequest,
) -> Result<HttpResponse, HttpError> {
    let response = client.execute(of_reqwest(request)?).await.map_err(failed)?;
    let (parts, body) = Response::<reqwest::Body>::from(response).into_parts();
    let body = HttpResponseBody::new(body.map_err(failed));
    Ok(HttpResponse::from_parts(parts, body))
}

fn of_reqwest(request: HttpRequest) -> Result<reqwest::Request, HttpError> {
    let (parts, body) = request.into_parts();
    let url = Url::parse(&parts.uri.to_string());
    let url = url.map_err(|error| HttpError::new(HttpErrorKind::Unknown, error))?;
    let mut request = reqwest::Request::new(parts.method, url);
    *request.headers_mut() = parts.headers;
    *request.body_mut() = Some(reqwest::Body::wrap(body));
    Ok(request)
}

/// Tells `object_store` which errors it may retry. The error omits its address, because every message
/// names the blob.
fn failed(error: reqwest::Error) -> HttpError {
    let kind = if error.is_timeout() {
        HttpErrorKind::Timeout
    } else if error.is_connect() {
        HttpErrorKind::Connect
    } else if error.is_decode() {
        HttpErrorKind::Decode
    } else {
        broken_off(&error)
    };
    HttpError::new(kind, error.without_url())
}

/// The kind of error by which an open connection ended.
fn broken_off(error: &reqwest::Error) -> HttpErrorKind {
    let causes = std::iter::successors(error.source(), |cause| (*cause).source());
    let mut kinds = causes.filter_map(|cause| {
        if let Some(cause) = cause.downcast_ref::<hyper::Error>() {
            return of_protocol(cause);
        }
        of_connection(cause.downcast_ref::<io::Error>()?)
    });
    kinds.next().unwrap_or(HttpErrorKind::Unknown)
}

fn of_protocol(error: &hyper::Error) -> Option<HttpErrorKind> {
    let without_response =
        error.is_closed() || error.is_incomplete_message() || error.is_body_write_aborted();
    if without_response {
        Some(HttpErrorKind::Request)
    } else {
        error.is_timeout().then_some(HttpErrorKind::Timeout)
    }
}

fn of_connection(error: &io::Error) -> Option<HttpErrorKind> {
    match error.kind() {
        io::ErrorKind::TimedOut => Some(HttpErrorKind::Timeout),
        io::ErrorKind::ConnectionAborted
        | io::ErrorKind::ConnectionReset
        | io::ErrorKind::BrokenPipe
        | io::ErrorKind::UnexpectedEof => Some(HttpErrorKind::Interrupted),
        _ => None,
    }
}
