//! The settings of every session that reads or writes the rows of a backup.

/// Every server must write the same text for the same value or definition, or the same row has another
/// checksum. So these settings are those of `pg_dump`. The server must neither end the work at a time limit,
/// nor leave out rows that a policy hides.
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
