//! Responses and their bodies.

use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{Either, Full, StreamBody};
use hyper::body::Frame;
use hyper::header::{self, HeaderValue};
use hyper::{HeaderMap, StatusCode};
use thiserror::Error;

/// A body that is in memory, or one that is made while it is sent.
pub type Body = Either<Full<Bytes>, UnsyncBoxBody<Bytes, StreamError>>;

/// The reason why a body broke off.
#[derive(Debug, Error)]
#[error("{0}")]
pub struct StreamError(&'static str);

/// A response to a client.
pub type Response = hyper::Response<Body>;

/// A response with all of its body.
pub fn whole(status: StatusCode, media_type: &'static str, body: impl Into<Bytes>) -> Response {
    let body = Either::Left(Full::new(body.into()));
    with_media_type(status, media_type, body)
}

/// A 200 with a JSON body.
pub fn json(body: Vec<u8>) -> Response {
    whole(StatusCode::OK, "application/json", body)
}

/// A 204.
pub fn no_content() -> Response {
    let mut response = Response::new(Either::Left(Full::default()));
    *response.status_mut() = StatusCode::NO_CONTENT;
    response
}

/// A 200 with a body of unknown length. After an error of `pieces`, the connection closes without the
/// end of the body.
pub fn stream<S>(media_type: &'static str, pieces: S) -> Response
where
    S: Stream<Item = Result<Bytes, &'static str>> + Send + 'static,
{
    let frames = pieces.map(|piece| piece.map(Frame::data).map_err(StreamError));
    let body = UnsyncBoxBody::new(StreamBody::new(frames));
    with_media_type(StatusCode::OK, media_type, Either::Right(body))
}

fn with_media_type(status: StatusCode, media_type: &'static str, body: Body) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    // The media type, the three headers of every response, and one or two of the route.
    let mut headers = HeaderMap::with_capacity(6);
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    *response.headers_mut() = headers;
    response
}
