//! A lock that lasts as long as some work does, and never longer than its holder.
//!
//! It is an advisory lock of a transaction that stays open on a connection of its own, outside the pool. The
//! transaction has no number and no snapshot between its statements. `docs/architecture.md` has the reasons.

use std::time::Duration;

use deadpool_postgres::ClientWrapper;
use tokio_postgres::types::Type;

use super::{Database, Error};

/// A lock that is held. Dropped, it is free as soon as the server sees the connection end.
pub struct Lock {
    client: ClientWrapper,
    statement_timeout: Duration,
}

impl Database {
    /// Takes the lock of this name if it is free, once the schema is ready.
    ///
    /// # Errors
    /// When no connection can be made, or the server does not respond.
    pub async fn try_lock(&self, name: &str) -> Result<Option<Lock>, Error> {
        let deadline = self.deadline();
        let readiness = &self.shared.readiness;
        readiness.wait_until(deadline.connected()).await?;
        let client = self.shared.connector.connect().await;
        let lock = Lock {
            client: client.map_err(|error| Error::Unavailable(error.to_string()))?,
            statement_timeout: self.shared.settings.statement_timeout,
        };
        Ok(lock.take(name).await?.then_some(lock))
    }
}

impl Lock {
    async fn take(&self, name: &str) -> Result<bool, Error> {
        let taking = async {
            self.client.batch_execute(BEGIN).await?;
            self.client.query_typed(TAKE, &[(&name, Type::TEXT)]).await
        };
        let rows = self.before_the_deadline(taking).await?;
        Ok(rows.first().is_some_and(|row| row.get(0)))
    }

    /// Completes when this process no longer holds the lock: the server ended the connection, or went away.
    pub async fn lost(&self) {
        while !self.client.is_closed() {
            tokio::time::sleep(CHECK_INTERVAL).await;
        }
    }

    /// Releases the lock. When this returns, it is free.
    pub async fn release(self) -> Result<(), Error> {
        self.before_the_deadline(self.client.batch_execute("COMMIT"))
            .await
    }

    async fn before_the_deadline<T>(
        &self,
        work: impl Future<Output = Result<T, tokio_postgres::Error>>,
    ) -> Result<T, Error> {
        let done = tokio::time::timeout(self.statement_timeout, work).await;
        Ok(done.map_err(|_| Error::TimedOut(self.statement_timeout))??)
    }
}

/// Time between two checks of the connection. Short, so that the next holder of the lock does not work
/// beside the last one for long.
const CHECK_INTERVAL: Duration = Duration::from_millis(500);

/// The server must not end the transaction for being idle, and must notice within a minute that
/// its client is gone with the machine: by default it would take two hours.
const BEGIN: &str = "BEGIN;
    SET LOCAL idle_in_transaction_session_timeout = 0;
    SET LOCAL tcp_keepalives_idle = 30;
    SET LOCAL tcp_keepalives_interval = 10;
    SET LOCAL tcp_keepalives_count = 3";

const TAKE: &str = "SELECT pg_try_advisory_xact_lock(hashtextextended($1, 0))";
