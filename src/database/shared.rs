//! A connection that many reads use at once.
//!
//! `tokio_postgres` sends each caller's statement as it comes, and does not wait for the results of
//! the statements before it (pipelining). So a read does not wait for a free connection, and many
//! reads cost the program and the server one wake-up.
//!
//! The server runs the statements of a connection one after the other. This has two consequences:
//!
//! - A cancel request ends the statement that runs, whichever it is. So the statement of a caller
//!   that has left is not cancelled while others use the connection. The connection ends with the
//!   last of them, and the statement with it.
//! - One statement that hangs delays those behind it. A connection without a result for [`STALLED`]
//!   gets no further reads: they use a new connection.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use deadpool::managed::Object;
use tokio::time::{timeout, timeout_at};
use tokio_postgres::Row;

use super::connection::{Values, run};
use super::connector::Connector;
use super::pool::Pool;
use super::{Deadline, Error};

/// The time without any result after which new reads use another connection.
const STALLED: Duration = Duration::from_secs(1);

/// The connection in use, and one that has stalled or is ending.
const CONNECTIONS: usize = 2;

/// The shared connection of a database.
pub(super) struct SharedConnections {
    pool: Pool,
    prepared_statements: bool,
    current: Mutex<Option<Arc<SharedConnection>>>,
    /// One caller connects while the others wait.
    connecting: tokio::sync::Mutex<()>,
}

struct SharedConnection {
    /// `drop` alone takes it.
    object: Option<Object<Connector>>,
    traffic: Mutex<Traffic>,
}

/// The statements on a connection.
struct Traffic {
    /// Callers that wait for their results.
    waiting: usize,
    /// The time of the last result; of the first statement, while there is none.
    progress: Instant,
    /// A caller has left before its result.
    abandoned: bool,
    /// A statement failed because the connection ends. The client learns of the end itself a moment later.
    ended: bool,
}

/// The end of a caller's wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    /// The result came.
    Finished,
    /// The caller has left before its result.
    Left,
    /// The connection ended before the result.
    Lost,
}

impl SharedConnections {
    /// Nothing is sent yet.
    pub(super) fn new(connector: &Connector, prepared_statements: bool) -> SharedConnections {
        let remedy = "the server does not finish the reads on them; see its locks and its load";
        SharedConnections {
            pool: Pool::new(connector.clone(), CONNECTIONS, remedy),
            prepared_statements,
            current: Mutex::new(None),
            connecting: tokio::sync::Mutex::new(()),
        }
    }

    /// The use of the shared connection for one read.
    pub(super) async fn join(&self, deadline: Deadline) -> Result<Reader<'_>, Error> {
        if let Some(reader) = self.join_current(deadline) {
            return Ok(reader);
        }
        let connecting = timeout_at(deadline.connected().into(), self.connecting.lock()).await;
        let _connecting = connecting.map_err(|_| self.pool.unavailable())?;
        if let Some(reader) = self.join_current(deadline) {
            return Ok(reader);
        }
        self.pool.forget_failure();
        let object = self.pool.get(deadline.connected()).await?;
        let connection = Arc::new(SharedConnection::new(object));
        let reader = self.reader(connection.clone(), deadline);
        *self.current() = Some(connection);
        Ok(reader)
    }

    fn join_current(&self, deadline: Deadline) -> Option<Reader<'_>> {
        let mut current = self.current();
        let connection = current.as_ref()?;
        if connection.admit() {
            let connection = connection.clone();
            drop(current);
            return Some(self.reader(connection, deadline));
        }
        *current = None;
        None
    }

    /// For a caller that the connection has admitted.
    fn reader(&self, connection: Arc<SharedConnection>, deadline: Deadline) -> Reader<'_> {
        Reader {
            shared: self,
            connection,
            deadline,
            outcome: Outcome::Left,
        }
    }

    fn leave(&self, connection: &Arc<SharedConnection>, outcome: Outcome) {
        if !connection.leave(outcome) {
            return;
        }
        let mut current = self.current();
        if current
            .as_ref()
            .is_some_and(|it| Arc::ptr_eq(it, connection))
        {
            *current = None;
        }
    }

    /// Ends the connection once its last caller has left, and gives no more out.
    pub(super) fn close(&self) {
        self.pool.close();
        *self.current() = None;
    }

    fn current(&self) -> MutexGuard<'_, Option<Arc<SharedConnection>>> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl SharedConnection {
    /// With the caller who connected.
    fn new(object: Object<Connector>) -> SharedConnection {
        SharedConnection {
            object: Some(object),
            traffic: Mutex::new(Traffic {
                waiting: 1,
                progress: Instant::now(),
                abandoned: false,
                ended: false,
            }),
        }
    }

    /// Counts one more caller, unless the connection is not usable.
    fn admit(&self) -> bool {
        !self.object().is_closed() && self.traffic().admit(Instant::now())
    }

    /// Counts one caller less. Returns whether the connection admits no further callers.
    fn leave(&self, outcome: Outcome) -> bool {
        let mut traffic = self.traffic();
        traffic.leave(outcome, Instant::now());
        traffic.is_over()
    }

    fn traffic(&self) -> MutexGuard<'_, Traffic> {
        self.traffic.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn object(&self) -> &Object<Connector> {
        self.object
            .as_ref()
            .expect("only drop takes the object, and nothing comes after it")
    }
}

impl Drop for SharedConnection {
    fn drop(&mut self) {
        if let Some(object) = self.object.take()
            && self.traffic().must_close()
        {
            drop(Object::take(object));
        }
    }
}

impl Traffic {
    fn admit(&mut self, now: Instant) -> bool {
        if self.waiting == 0 {
            self.progress = now;
        }
        let stalled = now.saturating_duration_since(self.progress) > STALLED;
        if stalled || self.is_over() {
            return false;
        }
        self.waiting += 1;
        true
    }

    fn leave(&mut self, outcome: Outcome, now: Instant) {
        self.waiting -= 1;
        match outcome {
            Outcome::Finished => self.progress = now,
            Outcome::Left => self.abandoned = true,
            Outcome::Lost => self.ended = true,
        }
    }

    /// No later caller may get the connection.
    fn must_close(&self) -> bool {
        self.ended || self.abandoned
    }

    /// The connection ends, or the server may still run a statement for which no caller waits.
    fn is_over(&self) -> bool {
        self.ended || (self.abandoned && self.waiting == 0)
    }
}

/// One read's use of a shared connection. Dropped before its result has come, it leaves its statement
/// to the connection.
pub(super) struct Reader<'a> {
    shared: &'a SharedConnections,
    connection: Arc<SharedConnection>,
    deadline: Deadline,
    outcome: Outcome,
}

impl Reader<'_> {
    /// Runs the statement and passes each of its rows to `row` as it comes. The rows of other callers
    /// wait for this caller, so `row` must not wait for anything.
    pub(super) async fn query_each(
        mut self,
        statement: &str,
        values: &Values<'_>,
        row: impl FnMut(Row),
    ) -> Result<(), Error> {
        let prepares = self.shared.prepared_statements;
        let work = run(self.connection.object(), prepares, statement, values, row);
        let limit = self.deadline.statement();
        let done = timeout(limit, work).await;
        let done = done.map_err(|_| Error::TimedOut(limit))?;
        let done = done.map_err(Error::from);
        self.outcome = match done {
            Err(Error::Lost(_)) => Outcome::Lost,
            _ => Outcome::Finished,
        };
        done
    }
}

impl Drop for Reader<'_> {
    fn drop(&mut self) {
        self.shared.leave(&self.connection, self.outcome);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn traffic(now: Instant) -> Traffic {
        Traffic {
            waiting: 0,
            progress: now,
            abandoned: false,
            ended: false,
        }
    }

    #[test]
    fn a_connection_without_results_admits_no_further_reads() {
        let start = Instant::now();
        let mut traffic = traffic(start);
        assert!(traffic.admit(start + 9 * STALLED), "an idle one is usable");
        assert!(traffic.admit(start + 10 * STALLED));
        assert!(!traffic.admit(start + 11 * STALLED), "it has stalled");
        traffic.leave(Outcome::Finished, start + 11 * STALLED);
        assert!(traffic.admit(start + 12 * STALLED), "it goes on");
    }

    #[test]
    fn an_abandoned_statement_ends_the_connection_with_its_last_caller() {
        let start = Instant::now();
        let mut traffic = traffic(start);
        assert!(traffic.admit(start));
        assert!(traffic.admit(start));
        traffic.leave(Outcome::Left, start);
        assert!(!traffic.is_over(), "another caller waits");
        assert!(traffic.admit(start));
        traffic.leave(Outcome::Finished, start);
        traffic.leave(Outcome::Finished, start);
        assert!(traffic.is_over());
        assert!(!traffic.admit(start));
    }

    #[test]
    fn a_connection_that_ends_admits_no_second_attempt() {
        let start = Instant::now();
        let mut traffic = traffic(start);
        assert!(traffic.admit(start));
        assert!(traffic.admit(start));
        traffic.leave(Outcome::Lost, start);
        assert!(!traffic.admit(start), "another caller still waits on it");
        traffic.leave(Outcome::Lost, start);
        assert!(traffic.must_close());
    }
}
