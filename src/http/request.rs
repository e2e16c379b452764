//! A request as handlers see it: its head at once, its body on demand and up to a limit.

use std::error::Error;
use std::pin::Pin;

use bytes::{Buf, Bytes, BytesMut};
use futures_util::{Stream, StreamExt, TryStreamExt};
use http_body_util::BodyDataStream;
use hyper::body::Body as HttpBody;
use hyper::header::{self, HeaderValue};
use hyper::{HeaderMap, Method, StatusCode};
use uuid::Uuid;
use warp::{Filter, Rejection};

use super::paced::is_too_slow;
use super::{FieldError, Problem, Query};

/// The error says why the body is incomplete.
type Chunks = Pin<Box<dyn Stream<Item = Result<Bytes, Problem>> + Send>>;

/// An HTTP request.
pub struct Request {
    /// The method, as received.
    pub method: Method,
    /// The headers, as received.
    pub headers: HeaderMap,
    /// The parameters, after an [`Endpoint`](super::Endpoint) parsed them.
    pub query: Query,
    /// The query without its question mark, still encoded.
    raw_query: String,
    /// `None` after it was read, or if there is none.
    body: Option<Chunks>,
}

type BoxError = Box<dyn Error + Send + Sync>;

/// The header in which the Functions host names the invocation.
const INVOCATION_ID: &str = "x-azure-functions-invocationid";

/// Bytes of a rejected body that are read and discarded: more than the Functions host lets through. The
/// host passes an early response on only after it has sent the whole body, and a server that closes
/// before it has read everything resets the connection. The body itself limits the time of the reading
/// ([`Paced`](super::Paced)).
const DRAIN_LIMIT: usize = 128 * 1024 * 1024;

/// Extracts the [`Request`]; never rejects.
pub fn request() -> impl Filter<Extract = (Request,), Error = Rejection> + Clone {
    let query = warp::query::raw().or(warp::any().map(String::new)).unify();
    warp::method()
        .and(warp::header::headers_cloned())
        .and(query)
        .and(warp::body::stream())
        .map(Request::from_parts)
}

impl Request {
    /// A request that no filter has seen.
    pub(crate) fn new<B>(request: hyper::Request<B>) -> Request
    where
        B: HttpBody<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError> + 'static,
    {
        let (parts, body) = request.into_parts();
        let query = parts.uri.query().unwrap_or_default().to_owned();
        let body = BodyDataStream::new(body);
        Request::from_parts(parts.method, parts.headers, query, body)
    }

    fn from_parts<S, B, E>(
        method: Method,
        headers: HeaderMap,
        raw_query: String,
        body: S,
    ) -> Request
    where
        S: Stream<Item = Result<B, E>> + Send + 'static,
        B: Buf,
        E: Into<BoxError> + 'static,
    {
        let has_body = [header::CONTENT_LENGTH, header::TRANSFER_ENCODING]
            .iter()
            .any(|name| headers.get(name).is_some_and(|value| value != "0"));
        let body = body
            .map_ok(|mut chunk| chunk.copy_to_bytes(chunk.remaining()))
            .map_err(|error| {
                let error: BoxError = error.into();
                incomplete(&*error)
            });
        Request {
            method,
            headers,
            query: Query::default(),
            raw_query,
            body: has_body.then(|| body.boxed()),
        }
    }

    /// A header's text, if the header exists and is visible ASCII.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The Functions host's id of the invocation, if there is a host. A request that the host resends has
    /// the same id.
    pub fn invocation_id(&self) -> Option<Uuid> {
        let id = Uuid::try_parse(self.header(INVOCATION_ID)?).ok();
        id.filter(|id| !id.is_nil())
    }

    /// Reads the query of a request whose parameters are `known`.
    pub(super) fn parse_query(&mut self, known: &[&'static str]) -> Result<(), Problem> {
        self.query = Query::parse(&self.raw_query, known).map_err(Problem::bad_parameter)?;
        Ok(())
    }

    /// The whole body, if it has at most `limit` bytes. The bytes are counted, because a chunked body does
    /// not announce its length.
    ///
    /// # Errors
    /// 413 above the limit, 408 when the body arrives too slowly, 400 when it breaks off.
    pub async fn body(&mut self, limit: usize) -> Result<Bytes, Problem> {
        let announced = self.header(header::CONTENT_LENGTH.as_str());
        if announced.is_some_and(|length| length.parse().is_ok_and(|it: u64| it > limit as u64)) {
            return Err(too_large(limit));
        }
        let Some(chunks) = &mut self.body else {
            return Ok(Bytes::new());
        };
        let mut body = BytesMut::new();
        while let Some(chunk) = chunks.next().await {
            let chunk = chunk?;
            if body.len() + chunk.len() > limit {
                return Err(too_large(limit));
            }
            body.extend_from_slice(&chunk);
        }
        self.body = None;
        Ok(body.freeze())
    }

    /// The whole body of a request whose media type is `application/json`, or ends in `+json` (RFC 6839).
    ///
    /// # Errors
    /// As [`Request::body`], and 415 for another media type or a compressed body.
    pub(super) async fn json_body(&mut self, limit: usize) -> Result<Bytes, Problem> {
        let media_type = self.header(header::CONTENT_TYPE.as_str()).unwrap_or("");
        if !is_json(media_type) {
            let detail = "send the body as application/json".to_owned();
            return Err(unsupported("content-type", detail));
        }
        if self.headers.contains_key(header::CONTENT_ENCODING) {
            let detail = "send the body uncompressed, without this header".to_owned();
            return Err(unsupported("content-encoding", detail));
        }
        self.body(limit).await
    }
}

fn is_json(media_type: &str) -> bool {
    let media_type = media_type.split(';').next().unwrap_or("").trim();
    let Some((kind, subtype)) = media_type.split_once('/') else {
        return false;
    };
    let suffix = subtype.rsplit('+').next().unwrap_or(subtype);
    kind.eq_ignore_ascii_case("application") && suffix.eq_ignore_ascii_case("json")
}

impl Drop for Request {
    /// Reads the rest of the body in the background, while the response is sent.
    fn drop(&mut self) {
        if let Some(chunks) = self.body.take() {
            // Without a runtime, the process is ending, and its connections end with it.
            if let Ok(runtime) = tokio::runtime::Handle::try_current() {
                runtime.spawn(drain(chunks));
            }
        }
    }
}

async fn drain(mut chunks: Chunks) {
    let mut drained = 0;
    while let Some(Ok(chunk)) = chunks.next().await
        && drained < DRAIN_LIMIT
    {
        drained += chunk.len();
    }
}

fn too_large(limit: usize) -> Problem {
    Problem::new(
        StatusCode::PAYLOAD_TOO_LARGE,
        "body-too-large",
        "The body is too large",
        format!("send at most {limit} bytes"),
    )
}

fn incomplete(error: &(dyn Error + 'static)) -> Problem {
    if is_too_slow(error) {
        return Problem::new(
            StatusCode::REQUEST_TIMEOUT,
            "body-too-slow",
            "The body arrived too slowly",
            "the next part of the body did not arrive in time; send the request again",
        )
        .with_header(header::CONNECTION, HeaderValue::from_static("close"));
    }
    Problem::new(
        StatusCode::BAD_REQUEST,
        "body-broken-off",
        "The body broke off",
        "the connection failed before the whole body arrived; send the request again",
    )
}

fn unsupported(field: &str, detail: String) -> Problem {
    Problem::new(
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "unsupported-media-type",
        "The body's type is not supported",
        detail.clone(),
    )
    .with_errors(vec![FieldError::new(field, detail)])
}
