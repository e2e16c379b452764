//! The ends of connections: each sends Terminate to its server.
//!
//! A client is dropped anywhere: at a function's end, by a deadline, with a request whose caller has
//! left. Its connection then ends here. An idle one sends Terminate at once. A busy one first has its
//! statement cancelled: a server that computes, or waits for a lock, does not notice that its client
//! has left. A login runs to its end, also if its caller leaves meanwhile. A process waits for [`closed`]
//! before it exits, so that no server logs "unexpected EOF on client connection" or "could not send data
//! to client".

use std::panic::resume_unwind;
use std::pin::pin;
use std::sync::LazyLock;
use std::time::Duration;

use deadpool_postgres::ClientWrapper;
use futures_util::future::join;
use tokio::sync::watch;
use tokio::time::timeout;
use tokio_postgres::{Client, Error};
use tokio_util::sync::CancellationToken;

use super::server_message;
use crate::telemetry::Context;

/// An idle connection needs far less. One that has not ended by then has a statement to cancel.
const IDLE: Duration = Duration::from_millis(100);

/// A connection whose server does not respond within this time ends without Terminate.
const LIMIT: Duration = Duration::from_secs(5);

/// The end of the process waits for a login no longer than this: its server may be away.
const LOGIN: Duration = Duration::from_secs(3);

/// The number of this process's connections that are open.
static OPEN: Count = LazyLock::new(|| watch::Sender::new(0));

/// The number of its logins that have not ended.
static LOGINS: Count = LazyLock::new(|| watch::Sender::new(0));

type Count = LazyLock<watch::Sender<usize>>;

/// Waits until all connections of this process have ended, once their clients are dropped. The wait
/// is limited, because a server may not respond.
pub async fn closed() {
    if !is_zero_within(LOGIN, &LOGINS).await {
        log::debug!("some logins did not end within {LOGIN:?}");
    }
    if !is_zero_within(LIMIT, &OPEN).await {
        log::warn!("some database connections did not end within {LIMIT:?}");
    }
}

async fn is_zero_within(limit: Duration, count: &Count) -> bool {
    let mut count = count.subscribe();
    let zero = count.wait_for(|number| *number == 0);
    timeout(limit, zero).await.is_ok()
}

/// Adds one to a count until this is dropped.
struct Counted(&'static Count);

impl Counted {
    fn new(count: &'static Count) -> Counted {
        count.send_modify(|number| *number += 1);
        Counted(count)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.send_modify(|number| *number -= 1);
    }
}

/// Runs a login to its end, also if the caller leaves. The server logs an error when its client leaves during the
/// login, and not when the client ends the session right after it.
pub(super) fn log_in<T: Send + 'static>(
    login: impl Future<Output = T> + Send + 'static,
) -> impl Future<Output = T> + Send {
    let counted = Counted::new(&LOGINS);
    let login = tokio::spawn(Context::inherited(async move {
        let done = login.await;
        drop(counted);
        done
    }));
    async move {
        let done = login.await;
        done.unwrap_or_else(|error| resume_unwind(error.into_panic()))
    }
}

/// Runs a connection until its client is dropped, and then ends it. `cancel` ends its statement.
pub(super) fn drive(
    client: Client,
    connection: impl Future<Output = Result<(), Error>> + Send + 'static,
    cancel: impl Future<Output = ()> + Send + 'static,
) -> ClientWrapper {
    let dropped = CancellationToken::new();
    // The wrapper aborts the task that it is given when it is dropped. So that is not the
    // connection's own, and its end is the sign.
    let sign = dropped.clone().drop_guard();
    let present = tokio::spawn(async move {
        let _sign = sign;
        std::future::pending::<()>().await;
    });
    let counted = Counted::new(&OPEN);
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
