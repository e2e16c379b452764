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

/// The server's message, and the remedy if the role may not read something, or if the server lacks something.
pub(super) fn failure(error: &tokio_postgres::Error) -> String {
    let message = server_message(error);
    match error.as_db_error().and_then(remedy) {
        Some(remedy) => format!("{message}; {remedy}"),
        None => message,
    }
}

/// By PostgreSQL's error codes; class 53 is "insufficient resources". Only the name of the server's function
/// distinguishes row security from other rights, and only a hint the space for locks from memory.
fn remedy(error: &DbError) -> Option<&'static str> {
    let hint = error.hint().unwrap_or_default();
    let remedy = match error.code().code() {
        "42501" if error.routine() == Some("check_enable_rls") => ROW_SECURITY,
        "42501" => READ_ALL,
        "53100" => "give the server more disk space",
        "53200" if hint.contains("max_locks_per_transaction") => MORE_LOCKS,
        "53200" => "give the server more memory, or use fewer connections (BACKUP_JOBS, --jobs)",
        code if code.starts_with("53") => "raise the server's limit that the message names",
        _ => return None,
    };
    Some(remedy)
}

const ROW_SECURITY: &str = "\
    row security would leave rows out of the backup: as an administrator, give its role the attribute BYPASSRLS, \
    or, unless the table has FORCE ROW LEVEL SECURITY, make it a member of the table's owner";

const READ_ALL: &str = "\
    as an administrator, grant the role of the backup pg_read_all_data, or before PostgreSQL 14 USAGE on each schema \
    and SELECT on each table and sequence";

const MORE_LOCKS: &str = "\
    each table takes a lock: raise max_locks_per_transaction of the server, until its product with \
    max_connections is larger than the number of tables, and restart the server";
