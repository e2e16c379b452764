//! Puts the new schemas in the place of the old ones.
//!
//! Until the commit everybody uses the old tables, and what they write stays in them. So the old
//! tables are locked at the very end, when only the commit is left to do: who has begun to write is
//! done by then, and who waits for the lock finds the new table behind it. Nobody queues for longer
//! than one attempt takes.

use std::time::{Duration, Instant};

use tokio_postgres::Client;
use tokio_postgres::error::SqlState;

use super::aside::Aside;
use super::error::{RestoreError, at};
use super::meanwhile::{Change, Meanwhile};
use super::options::Options;
use super::target::Target;
use crate::backup::catalog::quoted;

/// What the old schemas have come to.
pub(super) struct TakenOver {
    /// Those that stay.
    pub(super) kept: Vec<String>,
    /// What was written to them while the new ones were filled.
    pub(super) changes: Vec<Change>,
}

/// Locks what was set aside, and drops it unless it is to be kept, or somebody has written to it.
pub(super) async fn take_over(
    client: &Client,
    target: &Target,
    aside: &Aside,
    meanwhile: &Meanwhile,
    options: &Options,
) -> Result<TakenOver, RestoreError> {
    let names: Vec<&str> = aside.renamed.values().map(String::as_str).collect();
    let relations = client.query(LOCKABLE, &[&names]).await;
    let relations = relations.map_err(at("looking for the old tables"))?;
    let relations: Vec<String> = relations
        .iter()
        .map(|row| format!("{}.{}", quoted(row.get(0)), quoted(row.get(1))))
        .collect();
    client
        .batch_execute(ATTEMPT)
        .await
        .map_err(at("the patience with others' locks"))?;
    if !relations.is_empty() {
        lock(client, &relations, target, options.patience).await?;
    }
    let changes = meanwhile.changes(client).await?;
    let stays = options.keep_old || !changes.is_empty() || !drop_old(client, &names).await?;
    let kept = names.iter().filter(|_| stays);
    Ok(TakenOver {
        kept: kept.map(|name| (*name).to_owned()).collect(),
        changes,
    })
}

/// How long one attempt may keep others waiting behind it, and how long they are left alone then.
const ATTEMPT: &str = "SET LOCAL lock_timeout = '1s'";
const PAUSE: Duration = Duration::from_secs(2);

async fn lock(
    client: &Client,
    relations: &[String],
    target: &Target,
    patience: Duration,
) -> Result<(), RestoreError> {
    let failed = || at("locking the old tables");
    let statement = format!(
        "LOCK TABLE {} IN ACCESS EXCLUSIVE MODE",
        relations.join(", ")
    );
    let begun = Instant::now();
    loop {
        client
            .batch_execute("SAVEPOINT attempt")
            .await
            .map_err(failed())?;
        client.batch_execute(ATTEMPT).await.map_err(failed())?;
        match client.batch_execute(&statement).await {
            Ok(()) => return Ok(()),
            Err(error) if is_in_use(&error) => {}
            Err(error) => return Err(failed()(error)),
        }
        let undo = "ROLLBACK TO SAVEPOINT attempt";
        client.batch_execute(undo).await.map_err(failed())?;
        if begun.elapsed() + PAUSE > patience {
            return Err(RestoreError::InUse {
                database: target.database.clone(),
                seconds: begun.elapsed().as_secs(),
            });
        }
        log::info!("sessions use the old tables; trying again in {PAUSE:?}");
        tokio::time::sleep(PAUSE).await;
    }
}

fn is_in_use(error: &tokio_postgres::Error) -> bool {
    let code = error.code();
    code == Some(&SqlState::LOCK_NOT_AVAILABLE) || code == Some(&SqlState::T_R_DEADLOCK_DETECTED)
}

/// Whether the old schemas are gone. They stay when that would take something of the new ones with
/// them, or when somebody uses them in a way that no lock on their tables excludes.
async fn drop_old(client: &Client, names: &[&str]) -> Result<bool, RestoreError> {
    let failed = || at("dropping the old schemas");
    let quoted_names: Vec<String> = names.iter().map(|name| quoted(name)).collect();
    let statement = format!("DROP SCHEMA {} CASCADE", quoted_names.join(", "));
    client
        .batch_execute("SAVEPOINT old")
        .await
        .map_err(failed())?;
    let before = client
        .query_one(REMAINS, &[&names])
        .await
        .map_err(failed())?;
    let dropped = client.batch_execute(&statement).await;
    if dropped.is_ok() {
        let after = client
            .query_one(REMAINS, &[&names])
            .await
            .map_err(failed())?;
        if after.get::<_, i64>(0) == before.get::<_, i64>(0) {
            return Ok(true);
        }
    }
    client
        .batch_execute("ROLLBACK TO SAVEPOINT old")
        .await
        .map_err(failed())?;
    Ok(false)
}

const LOCKABLE: &str = "\
    SELECT n.nspname::text, c.relname::text
      FROM pg_catalog.pg_class AS c
      JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
     WHERE n.nspname = ANY($1) AND c.relkind IN ('r', 'p', 'v')
     ORDER BY c.oid";

/// How much there is outside the old schemas `$1`, down to columns and defaults. Where large values
/// lie goes with their tables.
const REMAINS: &str = "\
    WITH new AS (SELECT oid FROM pg_catalog.pg_namespace
                  WHERE nspname <> ALL($1) AND nspname !~ '^pg_(toast|temp)'),
         relation AS (SELECT c.oid FROM pg_catalog.pg_class AS c
                       WHERE c.relnamespace IN (SELECT oid FROM new))
    SELECT (SELECT count(*) FROM relation)
         + (SELECT count(*) FROM pg_catalog.pg_attribute
             WHERE attrelid IN (SELECT oid FROM relation) AND NOT attisdropped)
         + (SELECT count(*) FROM pg_catalog.pg_attrdef
             WHERE adrelid IN (SELECT oid FROM relation))
         + (SELECT count(*) FROM pg_catalog.pg_trigger
             WHERE tgrelid IN (SELECT oid FROM relation))
         + (SELECT count(*) FROM pg_catalog.pg_rewrite
             WHERE ev_class IN (SELECT oid FROM relation))
         + (SELECT count(*) FROM pg_catalog.pg_constraint
             WHERE connamespace IN (SELECT oid FROM new))
         + (SELECT count(*) FROM pg_catalog.pg_proc
             WHERE pronamespace IN (SELECT oid FROM new))
         + (SELECT count(*) FROM pg_catalog.pg_type
             WHERE typnamespace IN (SELECT oid FROM new))";
