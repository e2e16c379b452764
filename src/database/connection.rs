//! One checked-out connection: statements with a deadline, rows as a stream, transactions.

use std::future::Future;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use deadpool::managed::Object;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Row, RowStream};

use super::Error;
use super::connector::Connector;
use super::settings::Settings;

/// A statement's text and the types of its parameters. With the types known, a statement that
/// may not be prepared still takes one round trip.
#[derive(Clone, Copy)]
pub struct Statement {
    /// One SQL statement.
    pub sql: &'static str,
    /// The types of `$1`, `$2`, ….
    pub types: &'static [Type],
}

/// The values of a statement's parameters.
pub(super) type Values<'a> = [&'a (dyn ToSql + Sync)];

/// A connection of the pool. Dropped, it goes back; [discarded](Connection::discard), it ends.
pub struct Connection {
    /// Taken by `drop` alone.
    object: Option<Object<Connector>>,
    /// Set when the connection must not go back to the pool.
    spent: AtomicBool,
    connector: Connector,
    statement_timeout: Duration,
    prepared_statements: bool,
}

impl Connection {
    pub(super) fn new(
        object: Object<Connector>,
        settings: &Settings,
        connector: Connector,
    ) -> Connection {
        Connection {
            object: Some(object),
            spent: AtomicBool::new(false),
            connector,
            statement_timeout: settings.statement_timeout,
            prepared_statements: settings.prepared_statements,
        }
    }

    /// Runs the statement and answers all its rows.
    pub async fn query(
        &self,
        statement: &Statement,
        values: &Values<'_>,
    ) -> Result<Vec<Row>, Error> {
        let object = self.object();
        self.before_the_deadline(async {
            if self.prepared_statements {
                let prepared = object
                    .prepare_typed_cached(statement.sql, statement.types)
                    .await?;
                return object.query(&prepared, values).await;
            }
            let typed = values.iter().copied().zip(statement.types.iter().cloned());
            let typed: Vec<(&(dyn ToSql + Sync), Type)> = typed.collect();
            object.query_typed(statement.sql, &typed).await
        })
        .await
    }

    /// Runs the statement and answers its first row, if there is one.
    pub async fn query_first(
        &self,
        statement: &Statement,
        values: &Values<'_>,
    ) -> Result<Option<Row>, Error> {
        let rows = self.query(statement, values).await?;
        Ok(rows.into_iter().next())
    }

    /// Starts the statement and answers its rows one by one, without a deadline for them all.
    pub async fn stream(
        &self,
        statement: &Statement,
        values: &Values<'_>,
    ) -> Result<RowStream, Error> {
        self.before_the_deadline(async {
            let typed = values.iter().copied().zip(statement.types.iter().cloned());
            self.object().query_typed_raw(statement.sql, typed).await
        })
        .await
    }

    /// Begins a transaction that is undone unless it is committed.
    pub async fn begin(self) -> Result<Transaction, Error> {
        self.before_the_deadline(self.object().batch_execute("BEGIN"))
            .await?;
        Ok(Transaction {
            connection: Some(self),
        })
    }

    /// Ends this connection instead of giving it back, and what may still run on it.
    pub fn discard(self) {
        self.give_up();
    }

    async fn before_the_deadline<T>(
        &self,
        work: impl Future<Output = Result<T, tokio_postgres::Error>>,
    ) -> Result<T, Error> {
        let statement = Running { connection: self };
        let done = tokio::time::timeout(self.statement_timeout, work)
            .await
            .map_err(|_| Error::TimedOut(self.statement_timeout))?;
        std::mem::forget(statement);
        done.map_err(Error::from)
    }

    /// Has the server end the running statement, and keeps the connection out of the pool: a
    /// server that let a deadline pass may not answer the cancel either.
    fn give_up(&self) {
        self.spent.store(true, Ordering::Relaxed);
        let token = self.object().cancel_token();
        let connector = self.connector.clone();
        // Without a runtime the process is ending, and its connections with it.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move { connector.cancel(token).await });
        }
    }

    fn object(&self) -> &Object<Connector> {
        self.object
            .as_ref()
            .expect("only drop takes the object, and nothing comes after it")
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        if let Some(object) = self.object.take()
            && self.spent.load(Ordering::Relaxed)
        {
            drop(Object::take(object));
        }
    }
}

/// A statement without its answer. Dropped so, by a deadline or because whoever asked has gone, it
/// must not hold up the next one on its connection.
struct Running<'a> {
    connection: &'a Connection,
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.connection.give_up();
    }
}

/// An open transaction. Dropped before [`Transaction::commit`], it ends with its connection.
pub struct Transaction {
    connection: Option<Connection>,
}

impl Transaction {
    /// Runs the statement inside the transaction and answers its first row, if there is one.
    pub async fn query_first(
        &self,
        statement: &Statement,
        values: &Values<'_>,
    ) -> Result<Option<Row>, Error> {
        self.connection().query_first(statement, values).await
    }

    /// Makes it last. When this answers, the server has it on disk.
    pub async fn commit(mut self) -> Result<(), Error> {
        let connection = self.connection();
        connection
            .before_the_deadline(connection.object().batch_execute("COMMIT"))
            .await?;
        drop(self.connection.take());
        Ok(())
    }

    fn connection(&self) -> &Connection {
        self.connection
            .as_ref()
            .expect("only commit and drop take the connection, and both end the transaction")
    }
}

impl Drop for Transaction {
    fn drop(&mut self) {
        // A half-done transaction must not go back to the pool, and a rollback cannot be awaited
        // here: the server undoes it when the connection ends.
        if let Some(connection) = self.connection.take() {
            connection.discard();
        }
    }
}
