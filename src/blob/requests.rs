//! Requests to a storage account, over HTTP/1.1.
//!
//! The client that `object_store` would bring speaks HTTP/2 too, which Azure Blob does not, and which
//! makes the program larger.

use std::error::Error;
use std::io;
use std::time::Duration;

use http_body_util::BodyExt;
use object_store::client::{HttpError, HttpErrorKind, HttpRequest, HttpResponse, HttpResponseBody};
use url::Url;
use warp::http::Response;

use crate::azure;

/// For an answer to begin, the request's own bytes included: a part of an upload takes so long at
/// 150 kB a second. Also between two pieces of an answer.
const ANSWER: Duration = Duration::from_secs(30);

const CONNECT: Duration = Duration::from_secs(5);

/// Sends requests and waits for answers, whatever they say.
#[derive(Debug)]
pub(super) struct Requests(reqwest::Client);

impl Requests {
    pub(super) fn new(in_the_clear: bool) -> object_store::Result<Requests> {
        azure::install_tls_provider();
        let client = reqwest::Client::builder()
            .https_only(!in_the_clear)
            // No limit for the whole: that would cover a download, of any length.
            .connect_timeout(CONNECT)
            .read_timeout(ANSWER)
            .build();
        client
            .map(Requests)
            .map_err(|error| object_store::Error::Generic {
                store: "MicrosoftAzure",
                source: Box::new(error),
            })
    }

    pub(super) async fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let answer = self.0.execute(of_reqwest(request)?).await.map_err(failed)?;
        let (parts, body) = Response::<reqwest::Body>::from(answer).into_parts();
        let body = HttpResponseBody::new(body.map_err(failed));
        Ok(HttpResponse::from_parts(parts, body))
    }
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

/// What `object_store` may try again, and what not. An error's address is left out: whoever tells of
/// it names the blob.
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

/// How a connection that was there came to its end.
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
    let unanswered =
        error.is_closed() || error.is_incomplete_message() || error.is_body_write_aborted();
    if unanswered {
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
