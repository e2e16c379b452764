//! Migrations: refinery applies the files of `migrations/`, one process at a time.
//!
//! refinery takes no lock, and eight instances that start on an empty database at once leave
//! seven with errors. So a second connection holds an advisory lock meanwhile. The lock belongs
//! to a *transaction*: a session's lock would not hold through a PgBouncer in transaction mode,
//! and a process that dies gives either up.
//!
//! Rolling forward is always additive: an older program that runs while a newer one migrates
//! goes on. An older program that *starts* on a newer schema refuses.

use std::cmp::Ordering;
use std::fmt;

use thiserror::Error;
use tokio_postgres::types::Type;
use tokio_postgres::{Client, Row};

use super::connection::{Connection, Statement};
use super::connector::{Connector, ConnectorError};
use super::{Error as DatabaseError, server_message};

mod files {
    refinery::embed_migrations!("migrations");
}

/// A schema's version: the number of its newest migration, 0 for an empty database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SchemaVersion(pub i32);

impl fmt::Display for SchemaVersion {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

/// Why the schema is not at this program's version.
#[derive(Debug, Error)]
pub enum MigrationError {
    /// No connection.
    #[error("the database cannot be reached: {0}")]
    Connector(#[from] ConnectorError),
    /// A newer program was here.
    #[error(
        "the database's schema is version {found}, newer than this program's {known}; \
         deploy the version of magnusapi that migrated it, or a later one"
    )]
    Newer {
        /// The database's version.
        found: SchemaVersion,
        /// This program's.
        known: SchemaVersion,
    },
    /// The database was migrated by files that say something else.
    #[error(
        "migration {0} in the database is not the one this program carries; \
         never change a migration that has run: restore the file and add a new one"
    )]
    Diverged(String),
    /// refinery, in the middle of it; the migration that failed was undone.
    #[error("migrating failed: {0}")]
    Failed(String),
}

impl From<tokio_postgres::Error> for MigrationError {
    fn from(error: tokio_postgres::Error) -> Self {
        MigrationError::Failed(server_message(&error))
    }
}

/// The version that this program's own migrations lead to.
pub(super) fn newest() -> SchemaVersion {
    let versions = files::migrations::runner();
    let versions = versions
        .get_migrations()
        .iter()
        .map(refinery::Migration::version);
    SchemaVersion(versions.max().unwrap_or(0))
}

/// The version that the database is at.
pub(super) async fn applied(connection: &Connection) -> Result<SchemaVersion, DatabaseError> {
    let row = connection.query_first(&APPLIED_VERSION, &[]).await?;
    Ok(SchemaVersion(row.map_or(0, |row| row.get(0))))
}

/// Brings the schema to [`newest`], or finds it there.
pub(super) async fn run(connector: &Connector) -> Result<SchemaVersion, MigrationError> {
    let (mut client, _task) = connector.connect_alone().await?;
    if is_current(&client).await? {
        return Ok(newest());
    }
    let (lock, _task) = connector.connect_alone().await?;
    lock.batch_execute(TAKE_LOCK).await?;
    if !is_current(&client).await? {
        apply(&mut client).await?;
    }
    lock.batch_execute("COMMIT").await?;
    Ok(newest())
}

async fn apply(client: &mut Client) -> Result<(), MigrationError> {
    let report = files::migrations::runner()
        .run_async(client)
        .await
        .map_err(|error| MigrationError::Failed(with_cause(&error)))?;
    for migration in report.applied_migrations() {
        log::info!("applied migration {migration}");
    }
    Ok(())
}

fn with_cause(error: &refinery::Error) -> String {
    let cause = std::error::Error::source(error);
    let cause = cause.and_then(|cause| cause.downcast_ref::<tokio_postgres::Error>());
    match cause {
        Some(cause) => format!("{error}: {}", server_message(cause)),
        None => error.to_string(),
    }
}

/// Whether every migration of this program has run, and none that it does not know.
async fn is_current(client: &Client) -> Result<bool, MigrationError> {
    let has_history = client.query_typed(HISTORY_EXISTS, &[]).await?;
    if !has_history.iter().any(|row| row.get::<_, bool>(0)) {
        return Ok(false);
    }
    let history = client.query_typed(HISTORY, &[]).await?;
    compare(&history.iter().map(Applied::from).collect::<Vec<_>>())
}

struct Applied {
    version: i32,
    name: String,
    checksum: String,
}

impl From<&Row> for Applied {
    fn from(row: &Row) -> Self {
        Applied {
            version: row.get(0),
            name: row.get(1),
            checksum: row.get(2),
        }
    }
}

fn compare(history: &[Applied]) -> Result<bool, MigrationError> {
    let runner = files::migrations::runner();
    for applied in history {
        let own = runner
            .get_migrations()
            .iter()
            .find(|own| own.version() == applied.version);
        match own {
            Some(own) if own.checksum().to_string() == applied.checksum => {}
            None if SchemaVersion(applied.version) > newest() => {}
            _ => {
                let name = format!("V{}__{}", applied.version, applied.name);
                return Err(MigrationError::Diverged(name));
            }
        }
    }
    let found = history.iter().map(|it| it.version).max().unwrap_or(0);
    let (found, known) = (SchemaVersion(found), newest());
    match found.cmp(&known) {
        Ordering::Less => Ok(false),
        Ordering::Equal => Ok(true),
        Ordering::Greater => Err(MigrationError::Newer { found, known }),
    }
}

/// The two-number form is a key space of its own, apart from the one-number locks that
/// idempotency keys take. The numbers spell "magn" and "migr".
const TAKE_LOCK: &str = "\
    BEGIN;
    SET LOCAL lock_timeout = '60s';
    SELECT pg_advisory_xact_lock(1835100014, 1835624306)";

const HISTORY_EXISTS: &str = "SELECT to_regclass('refinery_schema_history') IS NOT NULL";

const HISTORY: &str = "\
    SELECT version, name, checksum
      FROM refinery_schema_history
     ORDER BY version";

const APPLIED_VERSION: Statement = Statement {
    sql: "SELECT max(version) FROM refinery_schema_history HAVING max(version) IS NOT NULL",
    types: NO_VALUES,
};

const NO_VALUES: &[Type] = &[];
