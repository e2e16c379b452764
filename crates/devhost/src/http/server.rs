//! A listener and its connections.

use std::{sync::Arc, time::Duration};

use tokio::{net::TcpListener, task::JoinSet};

use super::{connection, routes::Routes};
use crate::{log::Level, shared::Shared};

/// How long requests may take to end once the host stops; then their connections are reset.
const DRAIN: Duration = Duration::from_secs(30);

/// What a connection needs.
pub(super) struct Site {
    pub(super) routes: Routes,
    pub(super) shared: Arc<Shared>,
}

/// Serves connections of `listener` until the host stops, and then ends those that are left.
/// Dropping this closes them.
pub(crate) async fn serve(listener: TcpListener, shared: Arc<Shared>) {
    let routes = Routes::new(&shared.app.host.route_prefix, shared.active.iter());
    let site = Arc::new(Site { routes, shared });
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            () = site.shared.stopping() => break,
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) => {
                    // Only a delay is lost where the system refuses.
                    let _ = stream.set_nodelay(true);
                    connections.spawn(connection::run(stream, peer.ip(), site.clone()));
                }
                Err(error) => {
                    // For instance no descriptor left: the next try may find one.
                    site.shared.journal.host(Level::Error, format!("cannot accept: {error}"));
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            },
            Some(_) = connections.join_next() => {}
        }
    }
    drop(listener);
    let ended = async { while connections.join_next().await.is_some() {} };
    // What has not ended by then is closed with this task.
    let _ = tokio::time::timeout(DRAIN, ended).await;
}
