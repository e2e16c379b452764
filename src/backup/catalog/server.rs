//! The session that the queries run in.

use std::fmt::Display;
use std::time::Duration;

use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, Row};

use super::CatalogError;
use crate::database::server_message;

/// A session inside the transaction whose snapshot is read.
pub(super) struct Server<'a> {
    client: &'a Client,
    /// `server_version_num`: 150018 for 15.18.
    pub(super) version: i32,
    /// The time limit for every lock: of a table, and of an object that the server examines to write a
    /// definition.
    lock_timeout: Duration,
    /// The time limit before, as the server writes it.
    usual_lock_timeout: String,
}

impl<'a> Server<'a> {
    /// Empties the search path, so that the server writes every name in full.
    pub(super) async fn begin(
        client: &'a Client,
        lock_timeout: Duration,
    ) -> Result<Server<'a>, CatalogError> {
        let mut server = Server {
            client,
            version: 0,
            lock_timeout,
            usual_lock_timeout: String::from("0"),
        };
        if let Some(row) = server.rows(BEGIN).await?.first() {
            server.version = row.get("version");
            server.usual_lock_timeout = row.get("lock_timeout");
        }
        // 0 would remove the limit.
        let milliseconds = lock_timeout.as_millis().max(1);
        let limit = format!("SET LOCAL lock_timeout = {milliseconds}");
        server.execute(READ, &limit).await?;
        Ok(server)
    }

    /// Restores the lock timeout of the session.
    pub(super) async fn end(self) -> Result<(), CatalogError> {
        let usual = format!("SET LOCAL lock_timeout = '{}'", self.usual_lock_timeout);
        self.execute(READ, &usual).await
    }

    pub(super) async fn rows(&self, sql: &str) -> Result<Vec<Row>, CatalogError> {
        let rows = self.client.query_typed(sql, &[]).await;
        rows.map_err(|error| self.error(READ, error))
    }

    pub(super) async fn execute(&self, doing: &'static str, sql: &str) -> Result<(), CatalogError> {
        let done = self.client.batch_execute(sql).await;
        done.map_err(|error| self.error(doing, error))
    }

    /// Rows, or `None` if the server rejects the statement.
    pub(super) async fn try_rows(&self, sql: &str) -> Result<Option<Vec<Row>>, CatalogError> {
        self.execute(READ, "SAVEPOINT catalog").await?;
        let rows = self.client.query_typed(sql, &[]).await;
        let after = if rows.is_ok() { RELEASE } else { ROLL_BACK };
        // This fails if the connection is lost, so only a rejection by the server is ignored.
        self.execute(READ, after).await?;
        Ok(rows.ok())
    }

    fn error(&self, doing: &'static str, source: tokio_postgres::Error) -> CatalogError {
        match source.code() {
            Some(&SqlState::LOCK_NOT_AVAILABLE) => CatalogError::Busy(self.lock_timeout),
            // A function that writes definitions fails with an internal error on a dropped object.
            Some(
                &SqlState::UNDEFINED_TABLE
                | &SqlState::UNDEFINED_COLUMN
                | &SqlState::UNDEFINED_OBJECT
                | &SqlState::UNDEFINED_FUNCTION
                | &SqlState::INVALID_SCHEMA_NAME
                | &SqlState::INTERNAL_ERROR,
            ) => CatalogError::Changed(server_message(&source)),
            _ => CatalogError::Refused { doing, source },
        }
    }
}

/// The column `definition` of a row. It is null for a dropped object: the row is the snapshot's, and the
/// server's functions read the newest catalogue.
pub(super) fn definition<'a>(
    row: &'a Row,
    kind: impl Display,
    name: &str,
) -> Result<&'a str, CatalogError> {
    let definition: Option<&str> = row.get("definition");
    definition.ok_or_else(|| CatalogError::Changed(format!("{kind} {name} was dropped")))
}

const READ: &str = "read its catalogue";

const BEGIN: &str = "\
    SELECT set_config('search_path', '', true),
           current_setting('server_version_num')::int4 AS version,
           current_setting('lock_timeout') AS lock_timeout";

const RELEASE: &str = "RELEASE SAVEPOINT catalog";

const ROLL_BACK: &str = "ROLLBACK TO SAVEPOINT catalog; RELEASE SAVEPOINT catalog";
