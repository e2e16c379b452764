//! The roles that a backup names, and those of them that the server has and this role may give objects to.

use std::collections::BTreeSet;

use tokio_postgres::Client;

use super::super::error::{RestoreError, at};
use super::super::options::Roles;
use super::entries::restored;
use super::owner;
use crate::backup::catalog::quoted;
use pgarchive::{Entry, Kind};

/// The roles that entries name.
#[derive(Debug)]
pub(super) struct Named {
    /// Those that own objects or grant, so that the restoring role must be able to act as them.
    pub(super) acting: BTreeSet<String>,
    pub(super) all: BTreeSet<String>,
    /// The owner of the database itself.
    pub(super) database: Option<String>,
    /// Whether the restoring role makes the database.
    is_temporary: bool,
}

impl Named {
    /// Those about the database itself count only for a database that is made, `is_temporary`.
    pub(super) fn by(entries: &[Entry], is_temporary: bool) -> Named {
        let mut database = entries.iter().filter(|entry| entry.kind == Kind::Database);
        let database = database.find(|it| is_temporary && !it.owner.is_empty());
        let database = database.map(|it| it.owner.clone());
        let owners = restored(entries)
            .filter_map(owner::owner)
            .map(str::to_owned);
        let grantors = restored(entries).flat_map(owner::granting);
        let acting = owners.chain(grantors).chain(database.clone());
        let acting: BTreeSet<String> = acting.collect();
        let about_database = owner::about_database(entries).filter(|_| is_temporary);
        let granted = restored(entries).flat_map(owner::granted);
        let granted = granted.chain(about_database.flat_map(|it| it.1));
        Named {
            all: granted.chain(acting.clone()).collect(),
            acting,
            database,
            is_temporary,
        }
    }
}

/// The named roles that own objects and are granted to in this restore.
pub(super) async fn read(
    client: &Client,
    named: &Named,
    choice: Roles,
) -> Result<BTreeSet<String>, RestoreError> {
    if choice == Roles::Ignored {
        return Ok(BTreeSet::new());
    }
    let failed = || at("looking for roles");
    let wanted: Vec<&String> = named.all.iter().collect();
    let rows = client
        .query(ROLES, &[&wanted, &named.is_temporary])
        .await
        .map_err(failed())?;
    let (mut usable, mut closed) = (BTreeSet::new(), BTreeSet::new());
    for row in rows {
        let (role, is_open): (String, bool) = (row.get(0), row.get(1));
        if !is_open && named.acting.contains(&role) {
            closed.insert(role.clone());
        }
        usable.insert(role);
    }
    if choice == Roles::Available {
        return Ok(&usable - &closed);
    }
    let row = client.query_one(MEMBERSHIP, &[]).await.map_err(failed())?;
    let member: &str = row.get(0);
    let missing = &named.all - &usable;
    require_none("the server lacks these roles", &missing, "CREATE ROLE ", "")?;
    let why = "the restoring role may not act for these roles, which own objects or grant rights";
    require_none(why, &closed, "GRANT ", &format!(" TO {member}"))?;
    Ok(usable)
}

/// The remedy for each role is `before` with the role and `after`.
fn require_none(
    why: &str,
    roles: &BTreeSet<String>,
    before: &str,
    after: &str,
) -> Result<(), RestoreError> {
    if roles.is_empty() {
        return Ok(());
    }
    let remedies = roles.iter();
    let remedies = remedies.map(|role| format!("\n  {before}{}{after};", quoted(role)));
    let roles: Vec<&str> = roles.iter().map(String::as_str).collect();
    Err(RestoreError::Failed(format!(
        "{why}: {}; restore with --roles available, which leaves out what is theirs, or with --roles \
         ignored, which leaves out all owners and grants, or as an administrator, run:{}",
        roles.join(", "),
        remedies.collect::<String>()
    )))
}

/// With whether the restoring role may act as it, give objects to it and use what belongs to it: from PostgreSQL
/// 16 on, a membership has two options for these. The role that makes a database is a member of its
/// `pg_database_owner`.
const ROLES: &str = "\
    SELECT rolname::text,
           $2 AND rolname = 'pg_database_owner'
           OR pg_catalog.pg_has_role(oid, 'USAGE')
           AND pg_catalog.pg_has_role(oid, CASE
               WHEN current_setting('server_version_num')::integer >= 160000 THEN 'SET'
               ELSE 'MEMBER' END)
      FROM pg_catalog.pg_roles
     WHERE rolname = ANY($1)";

const MEMBERSHIP: &str = "\
    SELECT quote_ident(current_user) || CASE
               WHEN current_setting('server_version_num')::integer >= 160000
               THEN ' WITH INHERIT TRUE, SET TRUE' ELSE '' END";
