//! The ends of connections: each sends Terminate to its server.
//!
//! A client is dropped anywhere: at a function's end, by a deadline, with a request whose caller has
//! left. Its connection then ends here. An idle one sends Terminate at once. A busy one first has its
//! statement cancelled: a server that computes, or waits for a lock, does not notice that its client
//! has left. A process waits for [`closed`] before it exits, so that no server logs "unexpected EOF
//! on client connection".

use std::pin::pin;
use std::sync::LazyLock;
use std::time::Duration;

use deadpool_postgres::ClientWrapper;
use futures_util::future::join;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::watch;
use tokio::time::timeout;
use tokio_postgres::{Client, Connection, Error};
use tokio_util::sync::CancellationToken;

use super::server_message;
use crate::telemetry::Context;

/// An idle connection needs far less. One that has not ended by then has a statement to cancel.
const IDLE: Duration = Duration::from_millis(100);

/// A connection whose server does not respond within this time ends without Terminate.
const LIMIT: Duration = Duration::from_secs(5);

/// The number of this process's connections that are open.
static OPEN: LazyLock<watch::Sender<usize>> = LazyLock::new(|| watch::Sender::new(0));

/// Waits until all connections of this process have ended, once their clients are dropped. The wait
/// is limited, because a server may not respond.
pub async fn closed() {
    let mut open = OPEN.subscribe();
    let none_is_open = open.wait_for(|number| *number == 0);
    if timeout(LIMIT, none_is_open).await.is_err() {
        log::warn!("some database connections did not end within {LIMIT:?}");
    }
}

/// A connection that counts as open until this is dropped.
struct Counted;

impl Counted {
    fn new() -> Counted {
        OPEN.send_modify(|number| *number += 1);
        Counted
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        OPEN.send_modify(|number| *number -= 1);
    }
}

/// Runs a connection until its client is dropped, and then ends it. `cancel` ends its statement.
pub(super) fn drive<S, T>(
    client: Client,
    connection: Connection<S, T>,
    cancel: impl Future<Output = ()> + Send + 'static,
) -> ClientWrapper
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let dropped = CancellationToken::new();
    // The wrapper aborts the task that it is given when it is dropped. So that is not the
    // connection's own, and its end is the sign.
    let sign = dropped.clone().drop_guard();
    let present = tokio::spawn(async move {
        let _sign = sign;
        std::future::pending::<()>().await;
    });
    let counted = Counted::new();
    tokio::spawn(Context::inherited(async move {
        run(connection, dropped, cancel).await;
        drop(counted);
    }));
    ClientWrapper::new(client, present)
}

async fn run(
    connection: impl Future<Output = Result<(), Error>>,
    dropped: CancellationToken,
    cancel: impl Future<Output = ()>,
) {
    let mut connection = pin!(connection);
    tokio::select! {
        ended = &mut connection => {
            if let Err(error) = ended {
                log::warn!("a database connection ended: {}", server_message(&error));
            }
            return;
        }
        () = dropped.cancelled() => {}
    }
    let mut ended = timeout(IDLE, &mut connection).await;
    if ended.is_err() {
        // Rows are read on meanwhile: a server that cannot send does not see the cancel request.
        let ending = timeout(LIMIT, join(connection, cancel)).await;
        ended = ending.map(|(ended, ())| ended);
    }
    if !matches!(ended, Ok(Ok(()))) {
        log::debug!("a database connection ended without Terminate: {ended:?}");
    }
}
