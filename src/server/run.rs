//! Binding, serving, and stopping in order.

use std::future::Future;
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
use super::{Front, Settings, connection, routes};
use crate::app::App;
use crate::database;
use crate::http::Hangup;

/// How long requests under way may take after the stop signal. A container's own limit is 30 seconds
/// or more.
const DRAIN: Duration = Duration::from_secs(10);

/// How much of that time a backup and a drill may take to end by themselves. They have the rest to
/// clean up.
const RUNS: Duration = Duration::from_secs(4);

/// The pause after the system had no room for another connection.
const NO_ROOM: Duration = Duration::from_secs(1);

/// File descriptors that connections leave to the rest of the program, besides those of the pool:
/// standard streams, signals, backups and drills with their own databases and uploads, Azure.
const OTHER_DESCRIPTORS: usize = 40;

/// Clients that are turned away at a time. Those beyond are closed without a word.
const TURNED_AWAY: usize = 8;

/// Listens on the loopback at `port`, 0 for any free one. The Functions host talks to 127.0.0.1
/// and to nothing else.
pub async fn bind(port: u16) -> io::Result<TcpListener> {
    let listener = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port))).await?;
    // What is accepted inherits this on Linux. With it, the last piece of an answer does not wait
    // for the acknowledgement of the piece before.
    socket2::SockRef::from(&listener).set_tcp_nodelay(true)?;
    Ok(listener)
}

/// Serves `app` until `stop`. Then it lets the requests under way end, stops backups and drills that do
/// not, and closes the database's connections. A signal meanwhile makes an end at once.
pub async fn run(
    listener: TcpListener,
    app: App,
    settings: Settings,
    front: Front,
    stop: impl Future<Output = ()>,
) {
    let limit = connection_limit(&settings, app.database.pool_use().limit);
    let connections = Connections::new(settings, limit);
    tokio::select! {
        () = serve(&listener, &app, settings, front, &connections) => {}
        () = stop => {}
    }
    let again = stop_signal();
    drop(listener);
    let again = async {
        match again {
            Ok(signal) => signal.await,
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! {
        () = end(app, &connections) => {}
        () = again => log::warn!("stopped at once, by a second signal"),
    }
}

async fn end(app: App, connections: &Connections) {
    let (stop, runs) = (app.stop.clone(), tokio::time::sleep(RUNS));
    let closing = async {
        let mut closing = std::pin::pin!(connections.close());
        tokio::select! {
            () = &mut closing => return,
            () = runs => stop.cancel(),
        }
        closing.await;
    };
    match tokio::time::timeout(DRAIN, closing).await {
        Ok(()) => log::info!("stopped"),
        Err(_) => log::warn!("stopped with requests under way after {DRAIN:?}"),
    }
    app.database.close();
    drop(app);
    database::closed().await;
}

/// The connections that the setting allows and that the system has descriptors for.
fn connection_limit(settings: &Settings, pool: usize) -> usize {
    let Some(descriptors) = getrlimit(Resource::Nofile).current else {
        return settings.connections;
    };
    let descriptors = usize::try_from(descriptors).unwrap_or(usize::MAX);
    let room = descriptors.saturating_sub(pool + OTHER_DESCRIPTORS).max(1);
    if room < settings.connections {
        log::info!("{descriptors} file descriptors leave room for {room} connections");
    }
    settings.connections.min(room)
}

/// Takes connections and never ends.
async fn serve(
    listener: &TcpListener,
    app: &App,
    settings: Settings,
    front: Front,
    connections: &Connections,
) {
    let routes = TowerToHyperService::new(warp::service(routes(app)));
    let turned_away = Arc::new(Semaphore::new(TURNED_AWAY));
    loop {
        let stream = accept(listener, connections).await;
        if let Some(admitted) = connections.admit() {
            let routes = routes.clone();
            tokio::spawn(async move {
                let serving = connection::serve(stream, &admitted, settings, front, &routes);
                if Hangup::default().serve(serving).await.is_none() {
                    log::debug!("a connection was hung up");
                }
            });
        } else if let Ok(permit) = turned_away.clone().try_acquire_owned() {
            log::warn!("a client was turned away: all connections are at work (HTTP_CONNECTIONS)");
            tokio::spawn(async move {
                connection::turn_away(stream).await;
                drop(permit);
            });
        }
    }
}

/// The next connection. Without room for one (file descriptors, memory) it comes later.
async fn accept(listener: &TcpListener, connections: &Connections) -> TcpStream {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => return stream,
            Err(error) if is_the_clients(&error) => {}
            Err(error) => {
                log::error!("cannot accept a connection: {error}; see `ulimit -n` and the memory");
                connections.make_room();
                tokio::time::sleep(NO_ROOM).await;
            }
        }
    }
}

/// Whether the client left before it was accepted.
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
    let mut signals = Signals::new()?;
    Ok(async move { signals.next().await })
}

/// Completes at the second SIGTERM or SIGINT.
///
/// # Errors
/// When the signals cannot be listened to.
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
