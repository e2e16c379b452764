//! Connections to the target, ready for a restore.

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
    for settings in [SETTINGS, SESSION] {
        let set = session.batch_execute(settings).await;
        set.map_err(at("the session's settings"))?;
    }
    Ok(Some(session))
}

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
