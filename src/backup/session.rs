//! What every session that reads or writes a backup's rows is told first.

/// The text of a value or a definition must be the same wherever it is made, or the same row has another
/// checksum; so these are as `pg_dump` has them. The server must neither end the work for taking long, nor
/// leave out rows that a policy hides.
pub(super) const SETTINGS: &str = "\
    SET client_encoding = 'UTF8';
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
