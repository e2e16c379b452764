//! One connection, from its first byte to its last.

use std::convert::Infallible;
use std::pin::pin;
use std::time::Duration;

use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use warp::http::{HeaderValue, Request, header};

use super::activity::{Counted, Watched};
use super::connections::Admitted;
use super::{Front, Settings, door};
use crate::http::{self, Hangup, Paced, Problem, Response, answer};

/// The longest head of a request, which a connection keeps in memory. The Functions host passes on 8 KB
/// of request line and 32 KB of headers.
const HEAD: usize = 64 * 1024;

/// The time that a client has to send its request, when it is to be turned away.
const TURNING_AWAY: Duration = Duration::from_secs(2);

/// A request's body: it comes in time, and keeps its connection from counting as idle.
pub(super) type Body = Paced<Counted<Incoming>>;

/// Serves the requests of one connection until it ends: by the client, by waiting too long, or because
/// it must leave.
pub(super) async fn serve<S>(
    stream: TcpStream,
    admitted: &Admitted,
    settings: Settings,
    front: Front,
    routes: &S,
) where
    S: Service<Request<Body>, Response = Response, Error = Infallible>,
{
    let activity = &admitted.activity;
    let service = service_fn(move |request: Request<Incoming>| {
        let work = activity.begin();
        let body = |body| Paced::new(Counted::new(body, work.clone()), settings.body_timeout);
        let request = request.map(body);
        async move {
            let response = door::enter(front, routes, request).await;
            Ok::<_, Infallible>(response.map(|body| Counted::new(body, work)))
        }
    });
    let watched = Watched {
        stream,
        activity: activity.clone(),
        hangup: Hangup::current(),
    };
    let connection = builder().serve_connection(TokioIo::new(watched), service);
    let mut connection = pin!(connection);
    tokio::select! {
        biased;
        ended = connection.as_mut() => return log_end(ended),
        () = admitted.overdue() => return log::debug!("a connection was closed: it waited too long"),
        () = admitted.told_to_leave() => {}
    }
    if activity.wait().is_none() {
        connection.as_mut().graceful_shutdown();
        log_end(connection.await);
    }
}

/// Answers one request with 503 and closes.
pub(super) async fn turn_away(stream: TcpStream) {
    let service = service_fn(|request: Request<Incoming>| async {
        let request = http::Request::of(request);
        let response = answer("door", request, |_| async { Err(too_many_connections()) }).await;
        Ok::<_, Infallible>(response)
    });
    let connection = builder().serve_connection(TokioIo::new(stream), service);
    // A client that sends nothing hears nothing.
    let _ = tokio::time::timeout(TURNING_AWAY, connection).await;
}

/// HTTP/1.1 is all that the host speaks to a custom handler; HTTP/2, which warp's own server speaks
/// too, would make the program 0.8 MB larger.
fn builder() -> http1::Builder {
    let mut builder = http1::Builder::new();
    builder.max_header_size(HEAD);
    builder
}

fn log_end(ended: hyper::Result<()>) {
    if let Err(error) = ended {
        log::debug!("a connection broke off: {error}");
    }
}

fn too_many_connections() -> Problem {
    Problem::unavailable(
        "too-many-connections",
        "All connections are at work",
        "nothing was changed; try again in a moment",
    )
    .with_header(header::CONNECTION, HeaderValue::from_static("close"))
}
