//! Migrations: the files of `migrations/`, applied by one process at a time.
//!
//! refinery reads the files when the program is built and knows their versions and checksums; the
//! history is kept in its table. The program runs them itself, for the reasons in `docs/architecture.md`: all
//! that are missing in one transaction, with an advisory lock as its first statement. Lock and migrations share
//! one connection: two of them, behind a PgBouncer that has no third for the next process, would wait for each
//! other.
//!
//! Rolling forward is always additive: an older program that runs while a newer one migrates
//! goes on. An older program that *starts* on a newer schema refuses.

use std::fmt;
use std::time::Duration;

use thiserror::Error;
use tokio_postgres::types::Type;
use tokio_postgres::{GenericClient, Row};

use super::connector::{Connector, ConnectorError};
use super::error::message_and_advice;

/// This program's own migrations, in order.
static OWN: &[Migration] = include!(concat!(env!("OUT_DIR"), "/migrations.rs"));

/// A file of `migrations/`.
#[derive(Clone, Copy)]
struct Migration {
    version: i32,
    name: &'static str,
    /// refinery's, of version, name, and text.
    checksum: &'static str,
    sql: &'static str,
}

impl fmt::Display for Migration {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "V{}__{}", self.version, self.name)
    }
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
#[error("{0}")]
pub struct MigrationError(String);

impl From<ConnectorError> for MigrationError {
    fn from(error: ConnectorError) -> Self {
        MigrationError(format!("the database cannot be reached: {error}"))
    }
}

/// The server refused what comes before and after the migrations themselves.
impl From<tokio_postgres::Error> for MigrationError {
    fn from(error: tokio_postgres::Error) -> Self {
        MigrationError(format!("migrating failed: {}", message_and_advice(&error)))
    }
}

/// The version that this program's own migrations lead to.
pub(super) fn newest() -> SchemaVersion {
    SchemaVersion(OWN.last().map_or(0, |last| last.version))
}

/// Brings the schema to [`newest`], or finds it there. `limit` is for looking, not for migrating.
pub(super) async fn run(
    connector: &Connector,
    limit: Duration,
) -> Result<SchemaVersion, MigrationError> {
    let mut client = connector.connect().await?;
    if missing_within(limit, &*client).await?.is_empty() {
        return Ok(newest());
    }
    let transaction = client.transaction().await?;
    transaction.batch_execute(LOCK).await?;
    apply(&*transaction).await?;
    transaction.commit().await?;
    Ok(newest())
}

/// Finds the schema at [`newest`], or says why it is not.
pub(super) async fn check(connector: &Connector, limit: Duration) -> Result<(), MigrationError> {
    let client = connector.connect().await?;
    match missing_within(limit, &*client).await?.first() {
        None => Ok(()),
        Some(first) => Err(MigrationError(format!(
            "the database's schema is not at this program's version ({first} has not run); run `magnusapi \
             migrate` or deploy this version first"
        ))),
    }
}

async fn missing_within(
    limit: Duration,
    client: &impl GenericClient,
) -> Result<Vec<Migration>, MigrationError> {
    let missing = tokio::time::timeout(limit, missing(client)).await;
    missing.map_err(|_| {
        MigrationError(format!(
            "the database did not respond within {limit:?}; see its locks and its load"
        ))
    })?
}

/// The last holder of the lock may have applied them all. A query for the history's existence would not be
/// reliable: the session may remember from before the lock that there was none. `CREATE` checks anew.
async fn apply(transaction: &impl GenericClient) -> Result<(), MigrationError> {
    transaction.batch_execute(CREATE_HISTORY).await?;
    for migration in missing_in_history(transaction).await? {
        let refused = |error| {
            let reason = message_and_advice(&error);
            MigrationError(format!("{migration} failed and was undone: {reason}"))
        };
        transaction
            .batch_execute(migration.sql)
            .await
            .map_err(refused)?;
        transaction
            .query_typed(
                REMEMBER,
                &[
                    (&migration.version, Type::INT4),
                    (&migration.name, Type::TEXT),
                    (&migration.checksum, Type::TEXT),
                ],
            )
            .await?;
        log::info!("applied migration {migration}");
    }
    Ok(())
}

/// The migrations of this program that have not run.
async fn missing(client: &impl GenericClient) -> Result<Vec<Migration>, MigrationError> {
    let has_history = client.query_typed(HISTORY_EXISTS, &[]).await?;
    if !has_history.iter().any(|row| row.get::<_, bool>(0)) {
        return Ok(OWN.to_vec());
    }
    missing_in_history(client).await
}

async fn missing_in_history(client: &impl GenericClient) -> Result<Vec<Migration>, MigrationError> {
    let history = client.query_typed(HISTORY, &[]).await?;
    compare(OWN, &history.iter().map(Applied::from).collect::<Vec<_>>())
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

fn compare(own: &[Migration], history: &[Applied]) -> Result<Vec<Migration>, MigrationError> {
    let known = SchemaVersion(own.last().map_or(0, |last| last.version));
    let found = SchemaVersion(history.iter().map(|it| it.version).max().unwrap_or(0));
    for applied in history.iter().filter(|it| it.version <= known.0) {
        let same =
            |own: &&Migration| own.version == applied.version && own.checksum == applied.checksum;
        if own.iter().find(same).is_none() {
            return Err(MigrationError(format!(
                "migration V{}__{} in the database is not the one this program carries; \
                 never change a migration that has run: restore the file and add a new one",
                applied.version, applied.name
            )));
        }
    }
    if found > known {
        return Err(MigrationError(format!(
            "the database's schema is version {found}, newer than this program's {known}; \
             deploy the version of magnusapi that migrated it, or a later one"
        )));
    }
    let has_run = |own: &Migration| history.iter().any(|it| it.version == own.version);
    let missing: Vec<Migration> = own.iter().filter(|it| !has_run(it)).copied().collect();
    match missing.first() {
        Some(first) if first.version < found.0 => Err(MigrationError(format!(
            "migration {first} has not run on the database and a later one has; number a new migration \
             higher than all before it, or restore the row in refinery_schema_history"
        ))),
        _ => Ok(missing),
    }
}

/// The two-number form is a key space of its own, apart from the one-number locks that
/// idempotency keys take. The numbers spell "magn" and "migr". A migration itself waits less long
/// for a table, because all other statements queue behind it. An existing history needs no message.
const LOCK: &str = "\
    SET LOCAL lock_timeout = '60s';
    SELECT pg_advisory_xact_lock(1835100014, 1835624306);
    SET LOCAL lock_timeout = '5s';
    SET LOCAL client_min_messages = warning";

/// As refinery's own tools make it.
const CREATE_HISTORY: &str = "\
    CREATE TABLE IF NOT EXISTS refinery_schema_history (
        version    int4 PRIMARY KEY,
        name       varchar(255),
        applied_on varchar(255),
        checksum   varchar(255))";

/// The time in RFC 3339, which refinery's own tools read.
const REMEMBER: &str = "\
    INSERT INTO refinery_schema_history (version, name, applied_on, checksum)
    VALUES ($1, $2, to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"'), $3)";

const HISTORY_EXISTS: &str = "SELECT to_regclass('refinery_schema_history') IS NOT NULL";

const HISTORY: &str = "\
    SELECT version, name, checksum
      FROM refinery_schema_history
     ORDER BY version";
