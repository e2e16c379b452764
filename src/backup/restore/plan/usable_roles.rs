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
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Named {
    pub(super) owners: BTreeSet<String>,
    /// The roles of grants and revokes.
    pub(super) granted: BTreeSet<String>,
    /// The owner of the database itself, one of the owners.
    pub(super) database: Option<String>,
}

impl Named {
    /// Those about the database itself count `with_database` alone.
    pub(super) fn by(entries: &[Entry], with_database: bool) -> Named {
        let mut database = entries.iter().filter(|entry| entry.kind == Kind::Database);
        let database = database.find(|it| with_database && !it.owner.is_empty());
        let database = database.map(|it| it.owner.clone());
        let about_database = owner::about_database(entries).filter(|_| with_database);
        let owners = restored(entries).filter_map(owner::owner);
        let granted = restored(entries).flat_map(owner::granted);
        Named {
            owners: owners.chain(database.clone()).collect(),
            granted: granted.chain(about_database.flat_map(|it| it.1)).collect(),
            database,
        }
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &str> {
        self.owners.union(&self.granted).map(String::as_str)
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
    let step = "looking for roles";
    let wanted: Vec<&str> = named.all().collect();
    let rows = client.query(ROLES, &[&wanted]).await.map_err(at(step))?;
    let mut usable: BTreeSet<String> = rows.iter().map(|row| row.get(0)).collect();
    let closed = rows.iter().filter(|row| !row.get::<_, bool>(1));
    let closed = closed.map(|row| row.get::<_, String>(0));
    let closed: Vec<String> = closed.filter(|role| named.owners.contains(role)).collect();
    if choice == Roles::Available {
        usable.retain(|role| !closed.contains(role));
        return Ok(usable);
    }
    let missing = named.all().filter(|role| !usable.contains(*role));
    let missing: Vec<String> = missing.map(str::to_owned).collect();
    require_none("the server lacks these roles", &missing, |role| {
        format!("CREATE ROLE {role};")
    })?;
    let row = client.query_one(MEMBERSHIP, &[]).await.map_err(at(step))?;
    let member: &str = row.get(0);
    let why = "the restoring role may not give anything to these owners";
    require_none(why, &closed, |role| format!("GRANT {role} TO {member};"))?;
    Ok(usable)
}

fn require_none(
    why: &str,
    roles: &[String],
    remedy: impl Fn(String) -> String,
) -> Result<(), RestoreError> {
    if roles.is_empty() {
        return Ok(());
    }
    let remedies: Vec<String> = roles.iter().map(|role| remedy(quoted(role))).collect();
    Err(RestoreError::Failed(format!(
        "{why}: {}; restore with --roles available, which leaves out what is theirs, or with --roles \
         ignored, which leaves out all owners and grants, or as an administrator, run:\n  {}",
        roles.join(", "),
        remedies.join("\n  ")
    )))
}

/// With whether the restoring role may give objects to it and use what belongs to it: from PostgreSQL
/// 16 on, these are two options of a membership.
const ROLES: &str = "\
    SELECT rolname::text,
           pg_catalog.pg_has_role(oid, 'USAGE')
           AND pg_catalog.pg_has_role(oid, CASE
               WHEN current_setting('server_version_num')::integer >= 160000 THEN 'SET'
               ELSE 'MEMBER' END)
      FROM pg_catalog.pg_roles
     WHERE rolname = ANY($1)";

const MEMBERSHIP: &str = "\
    SELECT quote_ident(current_user) || CASE
               WHEN current_setting('server_version_num')::integer >= 160000
               THEN ' WITH INHERIT TRUE, SET TRUE' ELSE '' END";
