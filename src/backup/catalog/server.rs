//! The session that is asked.

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
    /// How long any lock may be waited for: of a table, and of what the server looks into when it
    /// writes a definition.
    patience: Duration,
    /// How long it was before, in the server's words.
    usual_patience: String,
}

impl<'a> Server<'a> {
    /// With no search path, so that the server writes every name in full.
    pub(super) async fn begin(
        client: &'a Client,
        patience: Duration,
    ) -> Result<Server<'a>, CatalogError> {
        let mut server = Server {
            client,
            version: 0,
            patience,
            usual_patience: String::from("0"),
        };
        if let Some(row) = server.rows(BEGIN).await?.first() {
            server.version = row.get("version");
            server.usual_patience = row.get("patience");
        }
        // A limit of 0 is none.
        let milliseconds = patience.as_millis().max(1);
        let limit = format!("SET LOCAL lock_timeout = {milliseconds}");
        server.execute(READ, &limit).await?;
        Ok(server)
    }

    /// Gives the session's patience back.
    pub(super) async fn end(self) -> Result<(), CatalogError> {
        let usual = format!("SET LOCAL lock_timeout = '{}'", self.usual_patience);
        self.execute(READ, &usual).await
    }

    pub(super) async fn rows(&self, sql: &str) -> Result<Vec<Row>, CatalogError> {
        let rows = self.client.query_typed(sql, &[]).await;
        rows.map_err(|error| self.error(READ, error))
    }

    /// Runs statements that answer nothing.
    pub(super) async fn execute(&self, doing: &'static str, sql: &str) -> Result<(), CatalogError> {
        let done = self.client.batch_execute(sql).await;
        done.map_err(|error| self.error(doing, error))
    }

    /// Rows, or `None` where the server does not know what the statement asks for.
    pub(super) async fn try_rows(&self, sql: &str) -> Result<Option<Vec<Row>>, CatalogError> {
        self.execute(READ, "SAVEPOINT catalog").await?;
        let rows = self.client.query_typed(sql, &[]).await;
        let after = if rows.is_ok() { RELEASE } else { ROLL_BACK };
        // A lost connection shows here, so that only the server's own refusal is passed over.
        self.execute(READ, after).await?;
        Ok(rows.ok())
    }

    fn error(&self, doing: &'static str, source: tokio_postgres::Error) -> CatalogError {
        match source.code() {
            Some(&SqlState::LOCK_NOT_AVAILABLE) => CatalogError::Busy(self.patience),
            Some(&SqlState::UNDEFINED_TABLE | &SqlState::INVALID_SCHEMA_NAME) => {
                CatalogError::Changed(server_message(&source))
            }
            _ => CatalogError::Refused { doing, source },
        }
    }
}

const READ: &str = "read its catalogue";

const BEGIN: &str = "\
    SELECT set_config('search_path', '', true),
           current_setting('server_version_num')::int4 AS version,
           current_setting('lock_timeout') AS patience";

const RELEASE: &str = "RELEASE SAVEPOINT catalog";

const ROLL_BACK: &str = "ROLLBACK TO SAVEPOINT catalog; RELEASE SAVEPOINT catalog";
