//! The rights that a restore needs, checked before an hour of loading.

use super::super::error::{RestoreError, at};
use super::super::maintenance::Maintenance;
use super::super::options::Superusers;

/// Checks that this role may make databases, and that it is not a superuser where that is not allowed.
/// Functions that are in a backup run with the rights of the role that restores it, and a superuser's can run
/// programs.
pub(in super::super) async fn may_create(
    maintenance: &Maintenance,
    superusers: Superusers,
) -> Result<(), RestoreError> {
    let row = maintenance.query_one(ROLE, &[]).await;
    let row = row.map_err(at("looking at the role's rights"))?;
    let (role, creates, is_superuser): (&str, bool, bool) = (row.get(0), row.get(1), row.get(2));
    if is_superuser && superusers == Superusers::Rejected {
        return Err(RestoreError::Refused(format!(
            "role {role} is a superuser, and functions that are in the backup would run with its \
             rights; drill with a role that may create databases and nothing else, or add \
             --allow-superuser to `magnusapi backup verify --restore` if you trust all that is in the \
             database:\n  CREATE ROLE drill LOGIN CREATEDB PASSWORD '…';"
        )));
    }
    if creates || is_superuser {
        return Ok(());
    }
    Err(RestoreError::Failed(format!(
        "role {role} may not create databases; make an empty database for it and restore into that, or \
         let it create databases; as an administrator, run:\n  ALTER ROLE {role} CREATEDB;"
    )))
}

/// Checks that this role may rename `old`, and end the sessions that are there now.
pub(in super::super) async fn may_replace(
    maintenance: &Maintenance,
    old: &str,
) -> Result<(), RestoreError> {
    let row = maintenance.query_one(REPLACE, &[&old]).await;
    let row = row.map_err(at("looking at the database to replace"))?;
    let (role, owner): (&str, &str) = (row.get("role"), row.get("owner"));
    let problem = if !row.get::<_, bool>("owns") {
        format!(
            "role {role} is not a member of {owner}, which owns database {old}; as an administrator, \
             run:\n  GRANT {owner} TO {role};"
        )
    } else if let Some(others) = row.get::<_, Option<&str>>("others") {
        format!(
            "role {role} may not end the sessions of {others} in database {old}; as an administrator, \
             run:\n  GRANT pg_signal_backend TO {role};"
        )
    } else if row.get("prepared") {
        format!(
            "database {old} has prepared transactions, and so cannot be renamed; commit or roll back \
             those that pg_prepared_xacts lists"
        )
    } else {
        return Ok(());
    };
    Err(RestoreError::Failed(problem))
}

const ROLE: &str = "\
    SELECT quote_ident(rolname), rolcreatedb, rolsuper
      FROM pg_catalog.pg_roles WHERE rolname = current_user";

/// Skips sessions of superusers: no grant lets another role end them.
const REPLACE: &str = "\
    SELECT quote_ident(current_user) AS role, quote_ident(o.rolname) AS owner,
           pg_catalog.pg_has_role(d.datdba, 'USAGE') AS owns,
           (SELECT string_agg(DISTINCT quote_ident(r.rolname), ', ')
              FROM pg_catalog.pg_stat_activity AS a
              JOIN pg_catalog.pg_roles AS r ON r.oid = a.usesysid
             WHERE a.datid = d.oid AND NOT r.rolsuper
               AND NOT pg_catalog.pg_has_role(r.oid, 'USAGE')
               AND NOT pg_catalog.pg_has_role('pg_signal_backend', 'USAGE')) AS others,
           EXISTS (SELECT FROM pg_catalog.pg_prepared_xacts
                    WHERE database = d.datname) AS prepared
      FROM pg_catalog.pg_database AS d
      JOIN pg_catalog.pg_roles AS o ON o.oid = d.datdba
     WHERE d.datname = $1";
