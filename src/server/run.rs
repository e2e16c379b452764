//! Binding, serving, and stopping in order.

use std::future::Future;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

use super::routes;
use crate::app::App;

/// How long may requests that are under way take after the stop signal? A container's own limit
/// is 30 seconds or more.
const DRAIN: Duration = Duration::from_secs(10);

/// Listens on the loopback at `port`, 0 for any free one. The Functions host talks to 127.0.0.1
/// and to nothing else.
pub async fn bind(port: u16) -> std::io::Result<TcpListener> {
    let listener = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port))).await?;
    // What is accepted inherits this on Linux. With it, the last piece of an answer does not wait
    // for the acknowledgement of the piece before.
    socket2::SockRef::from(&listener).set_tcp_nodelay(true)?;
    Ok(listener)
}

/// Serves `app` until `stop`, then lets the requests under way end, and closes the pool.
pub async fn run(listener: TcpListener, app: App, stop: impl Future<Output = ()> + Send + 'static) {
    let (stopping, stopped) = tokio::sync::oneshot::channel();
    let serving = warp::serve(routes(&app))
        .incoming(listener)
        .graceful(async move {
            stop.await;
            // Nobody listens any more only when the server has ended already.
            let _ = stopping.send(());
        })
        .run();
    let out_of_time = async {
        // An error means that the server has ended, which the other branch sees.
        let _ = stopped.await;
        tokio::time::sleep(DRAIN).await;
    };
    tokio::select! {
        () = serving => log::info!("stopped"),
        () = out_of_time => log::warn!("stopped with requests under way after {DRAIN:?}"),
    }
    app.database.close();
}

/// Completes at SIGTERM or SIGINT.
///
/// # Errors
/// When the signals cannot be listened to.
pub fn stop_signal() -> std::io::Result<impl Future<Output = ()> + Send + 'static> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}
