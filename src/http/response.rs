//! Responses and their bodies.

use bytes::Bytes;
use futures_util::Stream;
use hyper::header::{self, HeaderValue};
use hyper::{HeaderMap, StatusCode};
use warp::Reply;

/// A response to a client.
pub type Response = warp::reply::Response;

/// A response with all of its body.
pub fn whole(status: StatusCode, media_type: &'static str, body: impl Into<Bytes>) -> Response {
    let mut response = Response::new(body.into().into());
    *response.status_mut() = status;
    with_media_type(response, media_type)
}

/// A 200 with a JSON body.
pub fn json(body: Vec<u8>) -> Response {
    whole(StatusCode::OK, "application/json", body)
}

/// A 204.
pub fn no_content() -> Response {
    let mut response = Response::default();
    *response.status_mut() = StatusCode::NO_CONTENT;
    response
}

/// A 200 with a body of unknown length. After an error of `pieces`, the connection closes without the
/// end of the body.
pub fn stream<S>(media_type: &'static str, pieces: S) -> Response
where
    S: Stream<Item = Result<Bytes, &'static str>> + Send + Sync + 'static,
{
    with_media_type(warp::reply::stream(pieces).into_response(), media_type)
}

fn with_media_type(mut response: Response, media_type: &'static str) -> Response {
    // The media type, the three headers of every response, and one or two of the route.
    let mut headers = HeaderMap::with_capacity(6);
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    *response.headers_mut() = headers;
    response
}
