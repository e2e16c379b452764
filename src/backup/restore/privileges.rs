//! The privileges that a restore needs, checked before an hour of loading.

use super::error::{RestoreError, at};
use super::maintenance::Maintenance;

/// Checks that this role may make databases.
pub(super) async fn may_create(maintenance: &Maintenance) -> Result<(), RestoreError> {
    let row = maintenance.query_one(ROLE, &[]).await;
    let row = row.map_err(at("looking at the role's privileges"))?;
    if row.get(1) {
        return Ok(());
    }
    let role: &str = row.get(0);
    Err(RestoreError::Privilege {
        lacks: format!(
            "role {role} may not create databases; make an empty database for it and restore into \
             that, or let it create databases"
        ),
        remedy: format!("ALTER ROLE {role} CREATEDB;"),
    })
}

/// Checks that this role may rename `old`, and end the sessions that are there now.
pub(super) async fn may_replace(maintenance: &Maintenance, old: &str) -> Result<(), RestoreError> {
    let failed = "looking at the database to replace";
    let row = maintenance.query_one(REPLACE, &[&old]).await;
    let row = row.map_err(at(failed))?;
    let (role, owner): (&str, &str) = (row.get("role"), row.get("owner"));
    let sessions: Option<&str> = row.get("strangers");
    if !row.get::<_, bool>("owns") {
        return Err(RestoreError::Privilege {
            lacks: format!("role {role} is not a member of {owner}, which owns database {old}"),
            remedy: format!("GRANT {owner} TO {role};"),
        });
    }
    if let Some(sessions) = sessions {
        return Err(RestoreError::Privilege {
            lacks: format!("role {role} may not end the sessions of {sessions} in database {old}"),
            remedy: format!("GRANT pg_signal_backend TO {role};"),
        });
    }
    if row.get("prepared") {
        return Err(RestoreError::Prepared(old.to_owned()));
    }
    Ok(())
}

/// Checks that this role is not a superuser. Functions that are in a backup run with the rights of the
/// role that restores it, and a superuser's can run programs.
pub(super) async fn is_not_superuser(maintenance: &Maintenance) -> Result<(), RestoreError> {
    let row = maintenance.query_one(ROLE, &[]).await;
    let row = row.map_err(at("looking at the role's privileges"))?;
    if row.get(2) {
        return Err(RestoreError::Superuser(row.get(0)));
    }
    Ok(())
}

const ROLE: &str = "\
    SELECT quote_ident(rolname), rolsuper OR rolcreatedb, rolsuper
      FROM pg_catalog.pg_roles WHERE rolname = current_user";

/// A superuser's sessions are left out: no grant lets another role end them.
const REPLACE: &str = "\
    SELECT quote_ident(current_user) AS role, quote_ident(o.rolname) AS owner,
           pg_catalog.pg_has_role(d.datdba, 'USAGE') AS owns,
           (SELECT string_agg(DISTINCT quote_ident(r.rolname), ', ')
              FROM pg_catalog.pg_stat_activity AS a
              JOIN pg_catalog.pg_roles AS r ON r.oid = a.usesysid
             WHERE a.datid = d.oid AND NOT r.rolsuper
               AND NOT pg_catalog.pg_has_role(r.oid, 'USAGE')
               AND NOT pg_catalog.pg_has_role('pg_signal_backend', 'USAGE')) AS strangers,
           EXISTS (SELECT FROM pg_catalog.pg_prepared_xacts
                    WHERE database = d.datname) AS prepared
      FROM pg_catalog.pg_database AS d
      JOIN pg_catalog.pg_roles AS o ON o.oid = d.datdba
     WHERE d.datname = $1";
