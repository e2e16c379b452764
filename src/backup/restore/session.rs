//! Connections to the target, ready for a restore.

use tokio_postgres::Client;

use super::error::{RestoreError, at};
use crate::backup::session::SETTINGS;
use crate::database::{Server, Session};

/// Connects to a database that must exist.
pub(super) async fn connect(server: &Server, database: &str) -> Result<Session, RestoreError> {
    let found = connect_if_exists(server, database).await?;
    found.ok_or_else(|| RestoreError::Failed(format!("there is no database {database}")))
}

/// Connects to a database. Sets what COPY's text depends on as an export does, and what the server might
/// cut a long transaction short for.
pub(super) async fn connect_if_exists(
    server: &Server,
    database: &str,
) -> Result<Option<Session>, RestoreError> {
    let Some(session) = server.connect_to(database).await? else {
        return Ok(None);
    };
    prepare(&session).await?;
    Ok(Some(session))
}

pub(super) async fn prepare(client: &Client) -> Result<(), RestoreError> {
    let doing = "the session's settings";
    client.batch_execute(SETTINGS).await.map_err(at(doing))?;
    client.batch_execute(SESSION).await.map_err(at(doing))
}

/// Runs `work` in one transaction, which `work` itself commits. An error undoes it all.
pub(super) async fn undone_on_error<T>(
    client: &Client,
    work: impl Future<Output = Result<T, RestoreError>>,
) -> Result<T, RestoreError> {
    let begun = client.batch_execute(BEGIN).await;
    begun.map_err(at("the transaction's begin"))?;
    let done = work.await;
    if done.is_err() {
        // An error here says that the connection has ended, and with it the transaction.
        let _ = client.batch_execute("ROLLBACK").await;
    }
    done
}

/// Not the role's default: each statement must see what others have done by then.
const BEGIN: &str = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE";

/// Commits must last before a restore reports success, even where the role's default is that they need not.
///
/// Function bodies are not checked because they may name objects that come later. A larger memory for
/// indexes is worth most on the smallest servers, whose default is low. The others are defaults that the
/// restoring role or the database may have changed, and that change what a definition makes. How long
/// values are compressed is the server's choice and not part of a definition.
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
