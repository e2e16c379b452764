//! Work on the database that is attempted again where that is safe.
//!
//! Three failures are worth another attempt within the request's deadline. The server rolled the
//! work back because another transaction was in its way: nothing was changed. A table or column is
//! missing: the database was set back to an earlier day, and the migrations run first. And a
//! *read*, which changes nothing, met a connection that the server had closed.

use std::time::{Duration, Instant};

use tokio_postgres::Row;

use super::connection::Values;
use super::error::Refusal;
use super::{Connection, Database, Deadline, Error};

impl Database {
    /// Runs a statement that changes nothing, and returns its rows.
    ///
    /// # Errors
    /// Every error of a read says that nothing was changed.
    pub async fn read(&self, statement: &str, values: &Values<'_>) -> Result<Vec<Row>, Error> {
        self.reading(self.deadline(), |connection| async move {
            connection.query(statement, values).await
        })
        .await
    }

    /// [`Database::read`], and its first row, if there is one.
    pub async fn read_first(
        &self,
        statement: &str,
        values: &Values<'_>,
    ) -> Result<Option<Row>, Error> {
        let rows = self.read(statement, values).await?;
        Ok(rows.into_iter().next())
    }

    /// Runs a statement that commits by itself, and returns its rows.
    pub async fn write(&self, statement: &str, values: &Values<'_>) -> Result<Vec<Row>, Error> {
        self.writing(self.deadline(), |connection| async move {
            connection.query(statement, values).await
        })
        .await
    }

    /// [`Database::write`], and its first row, if there is one.
    pub async fn write_first(
        &self,
        statement: &str,
        values: &Values<'_>,
    ) -> Result<Option<Row>, Error> {
        let rows = self.write(statement, values).await?;
        Ok(rows.into_iter().next())
    }

    /// Runs `work`, which changes nothing, on a connection.
    pub async fn reading<T, F>(
        &self,
        deadline: Deadline,
        work: impl FnMut(Connection) -> F,
    ) -> Result<T, Error>
    where
        F: Future<Output = Result<T, Error>>,
    {
        let connect = |deadline| self.connection(deadline);
        let done = self.attempt(deadline, Attempts::of_a_read(), connect, work);
        done.await.map_err(Error::without_effect)
    }

    /// Runs a short statement that changes nothing on the connection that such reads share, and adds
    /// each of its rows to what `begin` makes. `begin` runs for each attempt.
    ///
    /// The statement must not wait for anything: it would delay all reads behind it. `add` neither.
    ///
    /// # Errors
    /// Every error of a read says that nothing was changed.
    pub async fn read_each<T>(
        &self,
        statement: &str,
        values: &Values<'_>,
        begin: impl Fn() -> T,
        add: impl Fn(&mut T, Row),
    ) -> Result<T, Error> {
        let connect = |deadline| self.reader(deadline);
        let done = self.attempt(
            self.deadline(),
            Attempts::of_a_read(),
            connect,
            |reader| async {
                let mut result = begin();
                let add = |row| add(&mut result, row);
                reader.query_each(statement, values, add).await?;
                Ok(result)
            },
        );
        done.await.map_err(Error::without_effect)
    }

    /// Runs `work` on a connection. All that it changes, it must change in one transaction.
    pub async fn writing<T, F>(
        &self,
        deadline: Deadline,
        work: impl FnMut(Connection) -> F,
    ) -> Result<T, Error>
    where
        F: Future<Output = Result<T, Error>>,
    {
        let connect = |deadline| self.connection(deadline);
        self.attempt(deadline, Attempts::of_a_write(), connect, work)
            .await
    }

    async fn attempt<C, G, T, F>(
        &self,
        deadline: Deadline,
        mut attempts: Attempts,
        connect: impl Fn(Deadline) -> G,
        mut work: impl FnMut(C) -> F,
    ) -> Result<T, Error>
    where
        G: Future<Output = Result<C, Error>>,
        F: Future<Output = Result<T, Error>>,
    {
        let mut attempt = deadline;
        loop {
            let connection = connect(attempt).await?;
            let error = match work(connection).await {
                Ok(done) => return Ok(done),
                Err(error) => error,
            };
            if matches!(error, Error::Lost(_)) {
                self.forget_idle_connections();
            }
            match attempts.after(&error) {
                Some(pause) if Instant::now() + pause < deadline.whole() => {
                    log::debug!("attempting again in {pause:?}: {error}");
                    tokio::time::sleep(pause).await;
                }
                _ => return Err(error),
            }
            if error.refusal() == Some(Refusal::OutdatedSchema) {
                self.prepare_again(&error.to_string());
            }
            attempt = deadline.for_another_attempt();
        }
    }
}

/// The further attempts that are possible.
struct Attempts {
    pause: Duration,
    reconnects: bool,
    migrates: bool,
}

/// The pauses before further attempts. The transaction that was in the way has ended by then or goes
/// on, so the pauses need no random part.
const FIRST_PAUSE: Duration = Duration::from_millis(2);
const LONGEST_PAUSE: Duration = Duration::from_millis(200);

impl Attempts {
    fn of_a_read() -> Attempts {
        Attempts {
            pause: FIRST_PAUSE,
            reconnects: true,
            migrates: true,
        }
    }

    fn of_a_write() -> Attempts {
        Attempts {
            reconnects: false,
            ..Attempts::of_a_read()
        }
    }

    /// How long to pause before another attempt, if there is to be one.
    fn after(&mut self, error: &Error) -> Option<Duration> {
        if matches!(error, Error::Lost(_)) {
            return std::mem::take(&mut self.reconnects).then_some(Duration::ZERO);
        }
        match error.refusal()? {
            Refusal::RolledBack => {
                let pause = self.pause;
                self.pause = (pause * 2).min(LONGEST_PAUSE);
                Some(pause)
            }
            Refusal::OutdatedSchema => std::mem::take(&mut self.migrates).then_some(Duration::ZERO),
            Refusal::NotNow | Refusal::Final => None,
        }
    }
}
