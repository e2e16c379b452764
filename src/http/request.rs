//! A request as handlers see it: its parts at once, its body when they ask, and no more of it
//! than they ask for.

use std::convert::Infallible;
use std::pin::Pin;
use std::time::Duration;

use bytes::{Buf, Bytes, BytesMut};
use futures_util::{Stream, StreamExt, TryStreamExt};
use warp::http::{HeaderMap, Method, StatusCode, header};
use warp::{Filter, Rejection};

use super::{FieldError, Problem};

type Chunks = Pin<Box<dyn Stream<Item = Result<Bytes, warp::Error>> + Send>>;

/// An HTTP request.
pub struct Request {
    /// The method, as it came.
    pub method: Method,
    /// The headers, as they came.
    pub headers: HeaderMap,
    /// The query without its question mark, still encoded; empty where there is none.
    pub query: String,
    body: Body,
}

/// What is still to be read of a body.
enum Body {
    Unread(Chunks),
    Read,
}

/// How much of a body that nobody wants is read and thrown away, and for how long? As much as the
/// Functions host lets through. A server that closes before it has read what it was sent resets the
/// connection, and its answer may be lost with that.
const DRAIN_LIMIT: usize = 128 * 1024 * 1024;
const DRAIN_TIME: Duration = Duration::from_secs(10);

/// Extracts the [`Request`]; never rejects.
pub fn request() -> impl Filter<Extract = (Request,), Error = Rejection> + Clone {
    let query = warp::query::raw().or(warp::any().map(String::new)).unify();
    warp::method()
        .and(warp::header::headers_cloned())
        .and(query)
        .and(warp::body::stream())
        .and_then(|method, headers, query, body| async move {
            Ok::<_, Infallible>(Request::new(method, headers, query, body))
        })
}

impl Request {
    fn new<S, B>(method: Method, headers: HeaderMap, query: String, body: S) -> Request
    where
        S: Stream<Item = Result<B, warp::Error>> + Send + 'static,
        B: Buf,
    {
        let body = body.map_ok(|mut chunk| chunk.copy_to_bytes(chunk.remaining()));
        let has_body = [header::CONTENT_LENGTH, header::TRANSFER_ENCODING]
            .iter()
            .any(|name| headers.get(name).is_some_and(|value| value != "0"));
        Request {
            method,
            headers,
            query,
            body: if has_body {
                Body::Unread(body.boxed())
            } else {
                Body::Read
            },
        }
    }

    /// A header's text, where there is one and it is visible ASCII.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The whole body, if it has at most `limit` bytes. The bytes themselves are counted: a
    /// chunked body has no length, and warp's own limit would refuse it for that.
    ///
    /// # Errors
    /// 413 above the limit, 400 when the body breaks off.
    pub async fn body(&mut self, limit: usize) -> Result<Bytes, Problem> {
        let announced = self.header(header::CONTENT_LENGTH.as_str());
        if announced.is_some_and(|length| length.parse().is_ok_and(|it: u64| it > limit as u64)) {
            return Err(too_large(limit));
        }
        let Body::Unread(chunks) = &mut self.body else {
            return Ok(Bytes::new());
        };
        let mut body = BytesMut::new();
        while let Some(chunk) = chunks.next().await {
            let chunk = chunk.map_err(|_| broken_off())?;
            if body.len() + chunk.len() > limit {
                return Err(too_large(limit));
            }
            body.extend_from_slice(&chunk);
        }
        self.body = Body::Read;
        Ok(body.freeze())
    }

    /// The whole body of a request that says it is JSON.
    ///
    /// # Errors
    /// As [`Request::body`], and 415 for another media type or a compressed body.
    pub async fn json_body(&mut self, types: &[&str], limit: usize) -> Result<Bytes, Problem> {
        let media_type = self.header(header::CONTENT_TYPE.as_str()).unwrap_or("");
        let media_type = media_type.split(';').next().unwrap_or("").trim();
        if !types.iter().any(|it| it.eq_ignore_ascii_case(media_type)) {
            return Err(unsupported(
                "content-type",
                format!("send the body as {}", types.join(" or ")),
            ));
        }
        if self.headers.contains_key(header::CONTENT_ENCODING) {
            let detail = "send the body uncompressed, without this header".to_owned();
            return Err(unsupported("content-encoding", detail));
        }
        self.body(limit).await
    }
}

impl Drop for Request {
    /// The answer goes out meanwhile: only the reading goes on.
    fn drop(&mut self) {
        if let Body::Unread(chunks) = std::mem::replace(&mut self.body, Body::Read) {
            // Without a runtime the process is ending, and its connections with it.
            if let Ok(runtime) = tokio::runtime::Handle::try_current() {
                runtime.spawn(tokio::time::timeout(DRAIN_TIME, drain(chunks)));
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

fn broken_off() -> Problem {
    Problem::new(
        StatusCode::BAD_REQUEST,
        "body-broken-off",
        "The body broke off",
        "the connection failed before the whole body had come; send the request again",
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
