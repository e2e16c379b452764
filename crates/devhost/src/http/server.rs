//! A listener and its connections.

use std::{sync::Arc, time::Duration};

use tokio::{net::TcpListener, task::JoinSet};

use super::serving;
use crate::{log::Level, site::Site};

/// Serves connections of `listener` until the host stops, and then waits for the remaining ones. Dropping this closes
/// them.
pub(crate) async fn serve(listener: TcpListener, site: Arc<Site>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            () = site.stopping.cancelled() => break,
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) => {
                    // Only a delay is lost where the system refuses.
                    let _ = stream.set_nodelay(true);
                    connections.spawn(serving::run(stream, peer.ip(), site.clone()));
                }
                Err(error) => {
                    // For instance no descriptor left: the next try may find one.
                    site.journal.host(Level::Error, format!("cannot accept: {error}"));
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            },
            Some(_) = connections.join_next() => {}
        }
    }
    drop(listener);
    let ended = async { while connections.join_next().await.is_some() {} };
    // The other connections are closed with this task.
    let _ = tokio::time::timeout(site.current().limits.drain, ended).await;
}
