//! Binding, serving, and stopping in order.

use std::future::Future;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::signal::unix::{SignalKind, signal};

use super::routes;
use crate::app::App;
use crate::http::Hangup;

/// How long may requests that are under way take after the stop signal? A container's own limit
/// is 30 seconds or more.
const DRAIN: Duration = Duration::from_secs(10);

/// After the system has no room for another connection, until it is asked for one again.
const NO_ROOM: Duration = Duration::from_secs(1);

/// Listens on the loopback at `port`, 0 for any free one. The Functions host talks to 127.0.0.1
/// and to nothing else.
pub async fn bind(port: u16) -> io::Result<TcpListener> {
    let listener = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port))).await?;
    // What is accepted inherits this on Linux. With it, the last piece of an answer does not wait
    // for the acknowledgement of the piece before.
    socket2::SockRef::from(&listener).set_tcp_nodelay(true)?;
    Ok(listener)
}

/// Serves `app` until `stop`, then lets the requests under way end, and closes the pool.
pub async fn run(listener: TcpListener, app: App, stop: impl Future<Output = ()>) {
    let connections = GracefulShutdown::new();
    tokio::select! {
        () = serve(&listener, &app, &connections) => {}
        () = stop => {}
    }
    drop(listener);
    match tokio::time::timeout(DRAIN, connections.shutdown()).await {
        Ok(()) => log::info!("stopped"),
        Err(_) => log::warn!("stopped with requests under way after {DRAIN:?}"),
    }
    app.database.close();
}

/// Takes connections and never ends. HTTP/1.1 is all that the host speaks to a custom handler;
/// HTTP/2, which warp's own server speaks too, would make the program 0.8 MB larger.
async fn serve(listener: &TcpListener, app: &App, connections: &GracefulShutdown) {
    let service = TowerToHyperService::new(warp::service(routes(app)));
    loop {
        let stream = accept(listener).await;
        let connection =
            http1::Builder::new().serve_connection(TokioIo::new(stream), service.clone());
        let connection = connections.watch(connection);
        tokio::spawn(async move {
            match Hangup::default().serve(connection).await {
                None => log::debug!("a connection was hung up"),
                Some(Ok(())) => {}
                Some(Err(error)) => log::debug!("a connection broke off: {error}"),
            }
        });
    }
}

/// The next connection. Without room for one (file descriptors, memory) it comes later.
async fn accept(listener: &TcpListener) -> TcpStream {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => return stream,
            Err(error) if is_the_clients(&error) => {}
            Err(error) => {
                log::error!("no connection can be taken: {error}");
                tokio::time::sleep(NO_ROOM).await;
            }
        }
    }
}

/// Did the client go before it was accepted?
fn is_the_clients(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(
        error.kind(),
        ConnectionAborted | ConnectionRefused | ConnectionReset
    )
}

/// Completes at SIGTERM or SIGINT.
///
/// # Errors
/// When the signals cannot be listened to.
pub fn stop_signal() -> io::Result<impl Future<Output = ()> + Send + 'static> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}
