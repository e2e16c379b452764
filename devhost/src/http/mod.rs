//! HTTP as the host serves it: routing, keys, and the answers that are its own.
//!
//! | room | purpose |
//! |---|---|
//! | `server` | a listener, connections, one answer per request |
//! | `routes` | which function a request is for |
//! | `path` | what becomes of a path on its way |
//! | `keys` | whether the request may call it |
//! | `admin` | `POST /admin/functions/<name>` |
//! | `proxy` | the request itself, streamed (`enableProxyingHttpRequest`) |
//! | `forward` | the request rebuilt (`enableForwardingHttpRequest`) |

mod admin;
mod forward;
mod keys;
mod path;
mod proxy;
mod routes;
mod server;

use bytes::Bytes;
use hyper::{Response, StatusCode, header};

use crate::client::{Body, whole};

pub(crate) use server::serve;

fn empty(status: StatusCode) -> Response<Body> {
    let mut response = Response::new(whole(Bytes::new()));
    *response.status_mut() = status;
    response
}

fn text(status: StatusCode, content_type: &'static str, text: impl Into<Bytes>) -> Response<Body> {
    let mut response = Response::new(whole(text));
    *response.status_mut() = status;
    let content_type = header::HeaderValue::from_static(content_type);
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, content_type);
    response
}
