//! A pool of connections whose caller waits until a deadline, and then gets the reason.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use deadpool::Runtime;
use deadpool::managed::{self, Object, PoolError, TimeoutType, Timeouts};

use super::Error;
use super::connector::{Connector, ConnectorError};
use crate::telemetry::{Distribution, Histogram, TIMES};

/// Connections that are made when they are needed, up to a limit.
pub(super) struct Pool {
    connections: managed::Pool<Connector>,
    connector: Connector,
    /// The operator's remedy where all connections are in use.
    remedy: &'static str,
    /// Of the connect that a caller retries.
    last_failure: Mutex<Option<String>>,
    waits: Histogram,
}

#[derive(Clone, Copy, Debug)]
pub struct PoolUse {
    /// Connections that callers hold.
    pub in_use: usize,
    pub open: usize,
    /// Connections that may be open at most.
    pub limit: usize,
    /// Callers that wait for one.
    pub waiting: usize,
}

/// The pause after a failed connect while a request waits. A restart of the server delays requests
/// by little more than itself, and the server gets ten attempts a second from each of them.
const RETRY_PAUSE: Duration = Duration::from_millis(100);

/// The wait for a place in the pool ends so much before the deadline, so that an error can tell a
/// full pool from a server that does not respond.
const TO_TELL_WHICH: Duration = Duration::from_millis(10);

impl Pool {
    /// At most `limit` connections.
    pub(super) fn new(connector: Connector, limit: usize, remedy: &'static str) -> Pool {
        let connections = managed::Pool::builder(connector.clone())
            .max_size(limit)
            .runtime(Runtime::Tokio1)
            .build()
            .expect("a runtime is named, which is all that can be missing");
        Pool {
            connections,
            connector,
            remedy,
            last_failure: Mutex::new(None),
            waits: Histogram::new(),
        }
    }

    /// A connection. Failed connects are retried until `deadline` where that can help.
    pub(super) async fn get(&self, deadline: Instant) -> Result<Object<Connector>, Error> {
        let begun = Instant::now();
        let got = self.retried(deadline).await;
        let waited = u64::try_from(begun.elapsed().as_micros()).unwrap_or(u64::MAX);
        self.waits.record(&TIMES, waited);
        got
    }

    /// How long callers have waited for a connection or an error, in microseconds between the bounds of
    /// [`TIMES`].
    pub(super) fn waits(&self) -> Distribution {
        self.waits.read()
    }

    async fn retried(&self, deadline: Instant) -> Result<Object<Connector>, Error> {
        loop {
            let (reason, may_pass) = match self.attempt(deadline).await {
                Ok(object) => return Ok(object),
                Err(error) => self.describe(&error),
            };
            if !may_pass || Instant::now() + RETRY_PAUSE >= deadline {
                return Err(Error::Unavailable(reason));
            }
            *self.last_failure() = Some(reason);
            tokio::time::sleep(RETRY_PAUSE).await;
        }
    }

    /// One attempt. The pool would allow the whole of a timeout to the wait for a place and again to
    /// the making of a connection, so it gets the first, and this side keeps the time for both.
    async fn attempt(
        &self,
        deadline: Instant,
    ) -> Result<Object<Connector>, PoolError<ConnectorError>> {
        let remaining = deadline.saturating_duration_since(Instant::now());
        let timeouts = Timeouts {
            wait: Some(remaining.saturating_sub(TO_TELL_WHICH)),
            create: None,
            recycle: None,
        };
        let got = self.connections.timeout_get(&timeouts);
        let got = tokio::time::timeout(remaining, got).await;
        got.unwrap_or_else(|_| Err(PoolError::Backend(self.connector.out_of_time())))
    }

    /// The reason for no connection, and whether another attempt can help.
    fn describe(&self, error: &PoolError<ConnectorError>) -> (String, bool) {
        match error {
            PoolError::Backend(error) => (error.to_string(), error.may_pass()),
            PoolError::Closed => ("this process is stopping".into(), false),
            PoolError::Timeout(TimeoutType::Wait) => {
                let limit = self.usage().limit;
                let busy = "connections of the pool are in use or being made";
                (format!("busy: all {limit} {busy}; {}", self.remedy), true)
            }
            other => (other.to_string(), true),
        }
    }

    /// The reason for a caller that waited while another one tried to connect.
    pub(super) fn unavailable(&self) -> Error {
        let last = self.last_failure().clone();
        Error::Unavailable(last.unwrap_or_else(|| self.connector.out_of_time().to_string()))
    }

    /// The next attempts to connect say anew why they fail.
    pub(super) fn forget_failure(&self) {
        *self.last_failure() = None;
    }

    fn last_failure(&self) -> MutexGuard<'_, Option<String>> {
        self.last_failure
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends the connections that no caller holds.
    pub(super) fn close_idle(&self) {
        self.connections.retain(|_, _| false);
    }

    pub(super) fn usage(&self) -> PoolUse {
        let status = self.connections.status();
        PoolUse {
            in_use: status.size.saturating_sub(status.available),
            open: status.size,
            limit: status.max_size,
            waiting: status.waiting,
        }
    }

    /// Ends the idle connections and gives no more out.
    pub(super) fn close(&self) {
        self.connections.close();
    }
}
