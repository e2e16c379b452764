//! The state of a database, for the health check.

use super::error::{READ_ONLY, Refusal};
use super::migrations::{self, SchemaVersion};
use super::{Database, Error};

#[derive(Clone, Copy, Debug)]
pub struct State {
    /// The version of its schema.
    pub applied: SchemaVersion,
    /// The version that this program brings.
    pub known: SchemaVersion,
    /// Whether it takes writes.
    pub writable: bool,
}

impl State {
    /// The operator's remedy for a database that is not [`State::writable`].
    pub const READ_ONLY: &'static str = READ_ONLY;
}

impl Database {
    /// The database's state, whether or not its schema is ready.
    pub async fn state(&self) -> Result<State, Error> {
        let connection = self.connection_to_any_schema(self.deadline()).await?;
        let writable = connection.query(WRITABLE, &[]).await?;
        let applied = match connection.query(APPLIED_VERSION, &[]).await {
            Ok(rows) => rows.first().map_or(0, |row| row.get(0)),
            Err(error) if error.refusal() == Some(Refusal::OutdatedSchema) => 0,
            Err(error) => return Err(error),
        };
        Ok(State {
            applied: SchemaVersion(applied),
            known: migrations::newest(),
            writable: writable.first().is_some_and(|row| row.get(0)),
        })
    }
}

const WRITABLE: &str = "SELECT NOT current_setting('transaction_read_only')::boolean";

const APPLIED_VERSION: &str =
    "SELECT max(version) FROM refinery_schema_history HAVING max(version) IS NOT NULL";
