//! A connection made ready for a restore.

use tokio_postgres::Client;

use super::error::{RestoreError, at};
use super::step::Step;
use crate::backup::session::SETTINGS;
use crate::database::{Server, Session};

/// Connects to a database that must be there.
pub(super) async fn connect(server: &Server, database: &str) -> Result<Session, RestoreError> {
    let found = server.connect_to(database).await?;
    found.ok_or_else(|| RestoreError::Unreachable(format!("there is no {database}")))
}

/// Sets what COPY's text depends on as an export does, and what the server might cut a long
/// transaction short for.
pub(super) async fn prepare(client: &Client) -> Result<(), RestoreError> {
    let doing = "the session's settings";
    client.batch_execute(SETTINGS).await.map_err(at(doing))?;
    client.batch_execute(SESSION).await.map_err(at(doing))
}

/// Has commits not wait for the disk: no one needs what is in a temporary database before its rename,
/// whose commit waits for all that was written before.
pub(super) async fn commit_without_waiting(client: &Client) -> Result<(), RestoreError> {
    let setting = client.batch_execute("SET synchronous_commit = off");
    setting.await.map_err(at("the session's settings"))
}

/// Runs the steps in order.
pub(super) async fn run(client: &Client, steps: &[Step]) -> Result<(), RestoreError> {
    for step in steps {
        client.batch_execute(&step.sql).await.map_err(at(step))?;
    }
    Ok(())
}

/// Runs `work` in one transaction, which `work` itself commits. Whatever fails undoes it all.
pub(super) async fn undone_on_error<T>(
    client: &Client,
    work: impl Future<Output = Result<T, RestoreError>>,
) -> Result<T, RestoreError> {
    client
        .batch_execute(BEGIN)
        .await
        .map_err(at("the transaction's begin"))?;
    let done = work.await;
    if done.is_err() {
        // An error here says that the connection has ended, and with it the transaction.
        let _ = client.batch_execute("ROLLBACK").await;
    }
    done
}

/// Whatever the role's default is: each statement has to see what others have done by then.
const BEGIN: &str = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE";

/// Commits must last before a restore reports success, whatever the role has set.
///
/// Function bodies are not checked because they may name what comes later. A larger memory for indexes
/// is worth most on the smallest servers, whose default is low. The others are defaults that the
/// restoring role or the database may have changed, and that change what a definition makes. How long
/// values are compressed is the server's choice and no part of a definition.
const SESSION: &str = "\
    SET check_function_bodies = off;
    SET client_min_messages = warning;
    SELECT pg_catalog.set_config(name, 'on', false)
      FROM pg_catalog.pg_settings
     WHERE name = 'synchronous_commit' AND setting = 'off';
    SELECT pg_catalog.set_config(name, '131072', false)
      FROM pg_catalog.pg_settings
     WHERE CASE name WHEN 'maintenance_work_mem' THEN setting::bigint < 131072 END;
    SELECT pg_catalog.set_config(s.name, wanted.setting, false)
      FROM pg_catalog.pg_settings AS s
      JOIN (VALUES ('array_nulls', 'on'),
                   ('backslash_quote', 'safe_encoding'),
                   ('default_table_access_method', 'heap'),
                   ('default_tablespace', ''),
                   ('default_transaction_deferrable', 'off'),
                   ('default_transaction_isolation', 'read committed'),
                   ('default_transaction_read_only', 'off'),
                   ('quote_all_identifiers', 'off'),
                   ('restrict_nonsystem_relation_kind', ''),
                   ('session_replication_role', 'origin'),
                   ('transform_null_equals', 'off')) AS wanted (name, setting)
        ON wanted.name = s.name AND wanted.setting <> s.setting";
