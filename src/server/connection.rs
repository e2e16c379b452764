//! One connection, from its first byte to its last.

use std::convert::Infallible;
use std::pin::pin;
use std::time::Duration;

use hyper::Request;
use hyper::body::Incoming;
use hyper::header::{self, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use super::activity::{Counted, Watched};
use super::connections::Admitted;
use super::{Front, Settings, admission};
use crate::http::{self, Hangup, Paced, Problem, Response, respond};

/// Maximum size of a request's head, which a connection keeps in memory. The Functions host passes on 8 KB
/// of request line and 32 KB of headers.
const HEAD: usize = 64 * 1024;

/// Time for a client that gets 503 to send its request.
const TURNING_AWAY: Duration = Duration::from_secs(2);

/// The body of a request that counts as activity and must arrive in time.
type RequestBody = Paced<Counted<Incoming>>;

/// Serves the requests of one connection until the client closes it, it waits too long, or it must close.
pub(super) async fn serve<S>(
    stream: TcpStream,
    admitted: &Admitted,
    settings: Settings,
    front: Front,
    routes: &S,
) where
    S: Service<Request<RequestBody>, Response = Response, Error = Infallible>,
{
    let activity = &admitted.activity;
    let service = service_fn(move |request: Request<Incoming>| {
        let work = activity.begin();
        let body = |body| Paced::new(Counted::new(body, work.clone()), settings.body_timeout);
        let request = request.map(body);
        async move {
            let response = admission::admit(front, routes, request).await;
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
        () = admitted.asked_to_close() => {}
    }
    if activity.wait().is_none() {
        connection.as_mut().graceful_shutdown();
        log_end(connection.await);
    }
}

/// Responds to one request with 503 and closes.
pub(super) async fn turn_away(stream: TcpStream) {
    let service = service_fn(|request: Request<Incoming>| async {
        let request = http::Request::new(request);
        let response = respond("server", "{path}", request, |_| async {
            Err(too_many_connections())
        })
        .await;
        Ok::<_, Infallible>(response)
    });
    let connection = builder().serve_connection(TokioIo::new(stream), service);
    // A client that sends nothing gets no response.
    let _ = tokio::time::timeout(TURNING_AWAY, connection).await;
}

/// The host speaks only HTTP/1.1 to a custom handler. HTTP/2 would make the program 0.8 MB larger.
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
        "All connections are busy",
        "nothing was changed; retry later",
    )
    .with_header(header::CONNECTION, HeaderValue::from_static("close"))
}
