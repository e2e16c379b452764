//! The session that is asked.

use std::fmt::Display;
use std::time::Duration;

use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, Row};

use super::CatalogError;
use super::item::{Item, Object};
use crate::database::server_message;
use pgarchive::Kind;

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

    /// Items of a kind whose whole definition the query writes. Its columns are `oid`, `schema`, `tag`,
    /// `owner`, `definition`, and `subject`, which is what DROP takes, or nothing.
    pub(super) async fn items(
        &self,
        kind: Kind,
        catalog: u32,
        sql: &str,
    ) -> Result<Vec<Item>, CatalogError> {
        let rows = self.rows(sql).await?;
        let items = rows.iter().map(|row| {
            let (tag, subject): (&str, &str) = (row.get("tag"), row.get("subject"));
            let object = Object {
                catalog,
                oid: row.get("oid"),
            };
            let definition = format!("{}\n", definition(row, kind, tag)?);
            let drop = match subject {
                "" => String::new(),
                subject => format!("DROP {kind} {subject};\n"),
            };
            Ok(Item::new(kind, Some(object), tag, definition)
                .within(row.get("schema"), row.get("owner"))
                .dropped_by(drop))
        });
        items.collect()
    }

    /// The items of several kinds.
    pub(super) async fn items_of(
        &self,
        kinds: &[(Kind, u32, &str)],
    ) -> Result<Vec<Item>, CatalogError> {
        let mut items = Vec::new();
        for (kind, catalog, sql) in kinds {
            items.extend(self.items(*kind, *catalog, sql).await?);
        }
        Ok(items)
    }

    /// Runs statements that return nothing.
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
            // A function that writes definitions fails with an internal error on what is gone.
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

/// The definition in a row's column `definition`. The server returns none for what is gone: its
/// functions look at the newest catalogue, and the row is the snapshot's.
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
           current_setting('lock_timeout') AS patience";

const RELEASE: &str = "RELEASE SAVEPOINT catalog";

const ROLL_BACK: &str = "ROLLBACK TO SAVEPOINT catalog; RELEASE SAVEPOINT catalog";
