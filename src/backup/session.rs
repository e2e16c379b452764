//! The sessions that read or write a backup: their settings, and their failures.

use tokio_postgres::error::DbError;

use crate::database::server_message;

/// Every server must write the same text for the same value or definition, or the same row has another
/// checksum. So these settings are those of `pg_dump`. The server must neither end the work at a time limit,
/// nor leave out rows that a policy hides. `client_encoding` is not here: the driver sends it when it connects,
/// which outranks the settings of roles and databases.
pub(super) const SETTINGS: &str = "\
    SET standard_conforming_strings = on;
    SET search_path = '';
    SET datestyle = 'ISO, YMD';
    SET intervalstyle = 'postgres';
    SET timezone = 'UTC';
    SET extra_float_digits = 3;
    SET bytea_output = 'hex';
    SET quote_all_identifiers = off;
    SET xmloption = 'content';
    SET row_security = off;
    SELECT pg_catalog.set_config(name, '0', false)
      FROM pg_catalog.pg_settings
     WHERE name IN ('statement_timeout', 'lock_timeout', 'transaction_timeout',
                    'idle_in_transaction_session_timeout', 'idle_session_timeout')";

/// The server's message, and the remedy if its space for locks is full. For a lack of memory it has the same code
/// and message, without that hint.
pub(super) fn failure(error: &tokio_postgres::Error) -> String {
    let message = server_message(error);
    let hint = error.as_db_error().and_then(DbError::hint);
    if hint.is_some_and(|hint| hint.contains("max_locks_per_transaction")) {
        return format!("{message}; {MORE_LOCKS}");
    }
    message
}

const MORE_LOCKS: &str = "\
    each table takes a lock: raise max_locks_per_transaction of the server, until its product with \
    max_connections is larger than the number of tables, and restart the server";
