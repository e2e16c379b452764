//! The snapshot of a backup, and the sessions that use it.

use std::time::Duration;

use jiff::Timestamp;

use super::error::{ExportError, when};
use crate::backup::catalog::{Catalog, MONEY};
use crate::backup::session::SETTINGS;
use crate::database::{Server, Session};
use pgarchive::manifest;

/// The snapshot, and its server.
pub(super) struct Moment {
    /// The name by which other sessions of the server import it.
    pub(super) name: String,
    pub(super) snapshot: manifest::Snapshot,
    pub(super) server: manifest::Server,
}

/// A session with all settings. Without them, the limits of the role could end it.
pub(super) async fn connect(server: &Server) -> Result<Session, ExportError> {
    let session = server.connect().await?;
    let doing = "set up a session";
    for settings in [SETTINGS, MONEY, IN_ORDER] {
        session.batch_execute(settings).await.map_err(when(doing))?;
    }
    Ok(session)
}

/// Begins the transaction that exports the snapshot. Other sessions can import it until the transaction
/// ends.
pub(super) async fn lead(session: &Session) -> Result<Moment, ExportError> {
    let doing = "take a snapshot";
    session.batch_execute(BEGIN).await.map_err(when(doing))?;
    let row = session.query_one(MOMENT, &[]).await.map_err(when(doing))?;
    let size: i64 = row.get("size");
    Ok(Moment {
        name: row.get("snapshot"),
        snapshot: manifest::Snapshot {
            taken: Timestamp::from_microsecond(row.get("taken"))
                .expect("the server's clock is within the range of both types"),
            lsn: row.get("lsn"),
            transactions: row.get("transactions"),
        },
        server: manifest::Server {
            version: row.get("version"),
            version_number: row.get("version_number"),
            database: row.get("database"),
            database_bytes: u64::try_from(size).unwrap_or_default(),
        },
    })
}

/// Begins a transaction in the same snapshot, with a limit for waiting for locks.
pub(super) async fn follow(
    session: &Session,
    moment: &Moment,
    lock_timeout: Duration,
) -> Result<(), ExportError> {
    let doing = "import the snapshot on another connection";
    let begin = format!(
        "{BEGIN}; SET TRANSACTION SNAPSHOT '{}'; SET LOCAL lock_timeout = {}; {BY_RANGE}",
        moment.name,
        lock_timeout.as_millis().max(1),
    );
    session.batch_execute(&begin).await.map_err(when(doing))
}

/// Fails if a definition in `catalog` has changed since its snapshot. The session must not use that snapshot.
pub(super) async fn read_again(
    session: &Session,
    catalog: &Catalog,
    lock_timeout: Duration,
) -> Result<(), ExportError> {
    let doing = "read its catalogue again";
    session.batch_execute(BEGIN).await.map_err(when(doing))?;
    catalog.unchanged(session, lock_timeout).await?;
    session.batch_execute("COMMIT").await.map_err(when(doing))
}

/// Takes the lock of the only run on this database, for as long as the session lasts.
///
/// # Errors
/// [`ExportError::UnderWay`] at once if another run has it. A run that waited for the lock would itself make
/// the other run yield.
pub(super) async fn lock(session: &Session) -> Result<(), ExportError> {
    let doing = "lock the database for one backup at a time";
    let row = session.query_one(LOCK, &[]).await.map_err(when(doing))?;
    if row.get("locked") {
        Ok(())
    } else {
        Err(ExportError::UnderWay)
    }
}

/// A condition on `ctid` makes the server read the pages of the range alone, also where it knows nothing about
/// the table, and with one process.
const BY_RANGE: &str = "SET LOCAL enable_tidscan = on; SET LOCAL enable_seqscan = off;
    SET LOCAL max_parallel_workers_per_gather = 0";

/// Makes the order of the rows independent of other sessions that read the table.
const IN_ORDER: &str = "SET synchronize_seqscans = off";

/// The numbers spell "magn" and "back". Locks of two numbers never conflict with the one-number lock of Rails'
/// migrations.
const LOCK: &str = "SELECT pg_try_advisory_lock(1835100014, 1650549611) AS locked";

const BEGIN: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

const MOMENT: &str = "\
    SELECT pg_export_snapshot() AS snapshot,
           (extract(epoch FROM now()) * 1000000)::int8 AS taken,
           (CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn()
                 ELSE pg_current_wal_lsn() END)::text AS lsn,
           txid_current_snapshot()::text AS transactions,
           current_setting('server_version') AS version,
           current_setting('server_version_num')::int4 AS version_number,
           current_database()::text AS database,
           pg_database_size(current_database()) AS size";
