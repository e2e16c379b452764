//! Binding, serving, and the graceful stop.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use hyper_util::service::TowerToHyperService;
use rustix::process::{Resource, getrlimit};
use tokio::net::{TcpListener, TcpStream};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::Semaphore;

use super::connections::Connections;
use super::routes::routes;
use super::{Front, Settings, connection, memory};
use crate::app::App;
use crate::database;
use crate::http::Hangup;

/// Time for running requests after the stop signal. A container's own limit is 30 seconds or more.
const DRAIN: Duration = Duration::from_secs(10);

/// The part of that time in which a backup or a drill may finish. In the rest it cleans up.
const RUNS: Duration = Duration::from_secs(4);

/// Pause after the system could not open another connection.
const NO_ROOM: Duration = Duration::from_secs(1);

/// File descriptors that are reserved for the rest of the program, besides those of the pool: standard
/// streams, signals, backups and drills with their own databases and uploads, Azure.
const OTHER_DESCRIPTORS: usize = 40;

/// Clients that get a 503 at the same time. Further connections are closed without a response.
const TURNED_AWAY: usize = 8;

/// Listens on 127.0.0.1 at `port`, 0 for any free one. The Functions host uses only this address.
pub async fn bind(port: u16) -> io::Result<TcpListener> {
    let listener = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port))).await?;
    // Accepted connections inherit this on Linux. With it, the last piece of a response does not wait for
    // the acknowledgement of the piece before.
    socket2::SockRef::from(&listener).set_tcp_nodelay(true)?;
    Ok(listener)
}

/// Serves `app` until `stop`. Then it waits for running requests, stops backups and drills that do not
/// finish, and closes the database's connections. A signal meanwhile ends it immediately.
pub async fn run(
    listener: TcpListener,
    app: App,
    settings: Settings,
    front: Front,
    stop: impl Future<Output = ()>,
) {
    let limit = connection_limit(&settings, app.database.pool_use().limit);
    let connections = Connections::new(settings, limit);
    let app = Arc::new(app);
    tokio::select! {
        () = serve(&listener, &app, settings, front, &connections) => {}
        () = stop => {}
    }
    let second = stop_signal();
    drop(listener);
    let second = async {
        match second {
            Ok(signal) => signal.await,
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! {
        () = end(app, &connections) => {}
        () = second => log::warn!("stopped at once, by a second signal"),
    }
}

async fn end(app: Arc<App>, connections: &Connections) {
    let (stop, runs) = (app.stop.clone(), tokio::time::sleep(RUNS));
    let closing = async {
        let closing = async { tokio::join!(connections.close(), app.due.ended()) };
        let mut closing = std::pin::pin!(closing);
        tokio::select! {
            _ = &mut closing => return,
            () = runs => stop.cancel(),
        }
        closing.await;
    };
    match tokio::time::timeout(DRAIN, closing).await {
        Ok(()) => log::info!("stopped"),
        Err(_) => log::warn!("stopped after {DRAIN:?} although requests were still running"),
    }
    app.stop.cancel();
    app.database.close();
    drop(app);
    database::closed().await;
}

/// The number of connections that the setting, the file descriptors and the memory allow.
fn connection_limit(settings: &Settings, pool: usize) -> usize {
    let mut limit = settings.connections;
    if let Some(descriptors) = getrlimit(Resource::Nofile).current {
        let descriptors = usize::try_from(descriptors).unwrap_or(usize::MAX);
        let available = descriptors.saturating_sub(pool + OTHER_DESCRIPTORS).max(1);
        if available < limit {
            limit = available;
            log::info!(
                "{descriptors} file descriptors allow {limit} connections; raise `ulimit -n` for more"
            );
        }
    }
    if let Some((memory, available)) = memory::allowed() {
        let available = available.max(1);
        if available < limit {
            limit = available;
            let memory = memory / 1024 / 1024;
            log::info!(
                "{memory} MiB of memory allow {limit} connections; use a larger instance for more"
            );
        }
    }
    limit
}

/// Accepts connections for ever.
async fn serve(
    listener: &TcpListener,
    app: &Arc<App>,
    settings: Settings,
    front: Front,
    connections: &Arc<Connections>,
) {
    let routes = TowerToHyperService::new(warp::service(routes(app)));
    let turned_away = Arc::new(Semaphore::new(TURNED_AWAY));
    loop {
        let stream = accept(listener, connections).await;
        if let Some(admitted) = connections.admit().await {
            let routes = routes.clone();
            tokio::spawn(async move {
                let serving = connection::serve(stream, &admitted, settings, front, &routes);
                if Hangup::default().serve(serving).await.is_none() {
                    log::debug!("a connection was reset: its client does not read");
                }
            });
        } else if let Ok(permit) = turned_away.clone().try_acquire_owned() {
            log::warn!("a client got 503: all connections are busy; see HTTP_CONNECTIONS");
            tokio::spawn(async move {
                connection::turn_away(stream).await;
                drop(permit);
            });
        }
    }
}

/// The next connection. If the system cannot open one (file descriptors, memory), it retries.
async fn accept(listener: &TcpListener, connections: &Connections) -> TcpStream {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => return stream,
            Err(error) if is_from_the_client(&error) => {}
            Err(error) => {
                log::error!("cannot accept a connection: {error}; see `ulimit -n` and the memory");
                connections.close_longest_waiting();
                tokio::time::sleep(NO_ROOM).await;
            }
        }
    }
}

/// Whether the client disconnected before the server accepted it.
fn is_from_the_client(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(
        error.kind(),
        ConnectionAborted | ConnectionRefused | ConnectionReset
    )
}

/// Completes at SIGTERM or SIGINT.
///
/// # Errors
/// When the signal handlers cannot be installed.
pub fn stop_signal() -> io::Result<impl Future<Output = ()> + Send + 'static> {
    let mut signals = Signals::new()?;
    Ok(async move { signals.next().await })
}

/// Completes at the second SIGTERM or SIGINT.
///
/// # Errors
/// When the signal handlers cannot be installed.
pub fn second_signal() -> io::Result<impl Future<Output = ()> + Send + 'static> {
    let mut signals = Signals::new()?;
    Ok(async move {
        signals.next().await;
        signals.next().await;
    })
}

/// SIGTERM and SIGINT.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    fn new() -> io::Result<Signals> {
        Ok(Signals {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}
