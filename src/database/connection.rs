//! One checked-out connection: statements that end by a deadline, and transactions.

use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};

use deadpool::managed::Object;
use futures_util::TryStreamExt;
use tokio_postgres::Row;
use tokio_postgres::types::{ToSql, Type};

use super::connector::Connector;
use super::{Deadline, Error, Parameter};

/// The values of a statement's parameters.
pub(super) type Values<'a> = [&'a dyn Parameter];

/// A connection of the pool, for as long as its request's deadline allows. Dropped, it goes back,
/// unless a statement on it has no result yet: then it ends.
pub struct Connection {
    /// Taken by `drop` alone.
    object: Option<Object<Connector>>,
    /// Set when the connection must not go back to the pool.
    spent: AtomicBool,
    prepared_statements: bool,
    deadline: Deadline,
}

impl Connection {
    pub(super) fn new(
        object: Object<Connector>,
        prepared_statements: bool,
        deadline: Deadline,
    ) -> Connection {
        Connection {
            object: Some(object),
            spent: AtomicBool::new(false),
            prepared_statements,
            deadline,
        }
    }

    /// Runs the statement and returns all its rows.
    pub async fn query(&self, statement: &str, values: &Values<'_>) -> Result<Vec<Row>, Error> {
        let mut rows = Vec::new();
        let add = |row| rows.push(row);
        self.query_each(statement, values, add).await?;
        Ok(rows)
    }

    /// Runs the statement and passes each of its rows to `row` as it comes. The deadline is for all of
    /// them, so `row` must not wait for anything.
    pub async fn query_each(
        &self,
        statement: &str,
        values: &Values<'_>,
        row: impl FnMut(Row),
    ) -> Result<(), Error> {
        let prepares = self.prepared_statements;
        self.before_the_deadline(run(self.object(), prepares, statement, values, row))
            .await
    }

    /// Begins a transaction that is rolled back unless it is committed.
    pub async fn begin(self) -> Result<Transaction, Error> {
        let begun = self.before_the_deadline(self.object().batch_execute("BEGIN"));
        begun.await.map_err(Error::without_effect)?;
        Ok(Transaction {
            connection: Some(self),
        })
    }

    async fn before_the_deadline<T>(
        &self,
        work: impl Future<Output = Result<T, tokio_postgres::Error>>,
    ) -> Result<T, Error> {
        let statement = Running { connection: self };
        let limit = self.deadline.statement();
        let done = tokio::time::timeout(limit, work)
            .await
            .map_err(|_| Error::TimedOut(limit))?;
        std::mem::forget(statement);
        done.map_err(Error::from)
    }

    /// Keeps the connection out of the pool. It ends when this is dropped, and the statement with it.
    fn give_up(&self) {
        self.spent.store(true, Ordering::Relaxed);
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

/// Sends the statement, prepared or not, and passes each of its rows to `row` as it comes.
pub(super) async fn run(
    connection: &Object<Connector>,
    prepares: bool,
    statement: &str,
    values: &Values<'_>,
    mut row: impl FnMut(Row),
) -> Result<(), tokio_postgres::Error> {
    let types = values.iter().map(|value| value.sql_type());
    let values = values.iter().map(|value| *value as &(dyn ToSql + Sync));
    let rows = if prepares {
        let types: Vec<Type> = types.collect();
        let cached = connection.prepare_typed_cached(statement, &types).await?;
        connection.query_raw(&cached, values).await?
    } else {
        connection
            .query_typed_raw(statement, values.zip(types))
            .await?
    };
    let mut rows = pin!(rows);
    while let Some(next) = rows.try_next().await? {
        row(next);
    }
    Ok(())
}

/// A statement without its result. It is dropped by a deadline, or because its caller has left, and must
/// not delay the next statement on its connection.
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
    /// Runs the statement inside the transaction and returns its first row, if there is one. After
    /// an error the transaction is rolled back, so the error leaves no doubt.
    pub async fn query_first(
        &self,
        statement: &str,
        values: &Values<'_>,
    ) -> Result<Option<Row>, Error> {
        let rows = self.connection().query(statement, values).await;
        Ok(rows.map_err(Error::without_effect)?.into_iter().next())
    }

    /// Commits it. When this returns, the server has it on disk.
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
            connection.give_up();
        }
    }
}
