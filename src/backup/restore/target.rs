//! What is in the database that a backup is to go into.

use std::collections::{BTreeMap, BTreeSet};

use tokio_postgres::Client;

use super::error::{RestoreError, at};
use super::options::{Options, Roles};
use super::plan::Named;

/// A database, looked at before anything is done to it.
#[derive(Debug)]
pub(super) struct Target {
    pub(super) database: String,
    /// `server_version_num`.
    pub(super) version: i32,
    /// `server_version`.
    pub(super) version_name: String,
    /// People's schemas and the number of objects in each. Extensions' own are not among them, nor
    /// does an extension that lies in one count.
    pub(super) schemas: BTreeMap<String, i64>,
}

impl Target {
    pub(super) async fn read(client: &Client) -> Result<Target, RestoreError> {
        let failed = "looking at the target";
        let row = client.query_one(DATABASE, &[]).await.map_err(at(failed))?;
        let schemas = client.query(SCHEMAS, &[]).await.map_err(at(failed))?;
        Ok(Target {
            database: row.get(0),
            version: row.get(1),
            version_name: row.get(2),
            schemas: schemas.iter().map(|row| (row.get(0), row.get(1))).collect(),
        })
    }

    pub(super) fn is_empty(&self) -> bool {
        self.schemas.values().all(|objects| *objects == 0)
    }

    /// Whether the options allow a restore into it.
    pub(super) fn admit(&self, options: &Options) -> Result<(), RestoreError> {
        if !self.is_empty() && !options.replace {
            return Err(RestoreError::Occupied {
                database: self.database.clone(),
                holds: self.contents(),
            });
        }
        if options.jobs > 1 {
            return Err(RestoreError::OneConnection {
                database: self.database.clone(),
                jobs: options.jobs,
            });
        }
        Ok(())
    }

    fn contents(&self) -> String {
        let occupied = self.schemas.iter().filter(|(_, objects)| **objects > 0);
        let described = occupied.map(|(name, objects)| match objects {
            1 => format!("schema {name} holds 1 object"),
            objects => format!("schema {name} holds {objects} objects"),
        });
        described.collect::<Vec<_>>().join(", ")
    }
}

/// Those of the roles that own and are granted to in this restore.
pub(super) async fn usable_roles(
    client: &Client,
    named: &Named,
    choice: Roles,
) -> Result<BTreeSet<String>, RestoreError> {
    if choice == Roles::Ignored {
        return Ok(BTreeSet::new());
    }
    let all = named.all();
    let wanted: Vec<&str> = all.iter().map(String::as_str).collect();
    let rows = client.query(ROLES, &[&wanted]).await;
    let rows = rows.map_err(at("looking for roles"))?;
    let mut usable: BTreeSet<String> = rows.iter().map(|row| row.get(0)).collect();
    let missing: Vec<String> = all.difference(&usable).cloned().collect();
    let strange = rows.iter().filter(|row| !row.get::<_, bool>(1));
    let strange = strange.map(|row| row.get::<_, String>(0));
    let strange: Vec<String> = strange.filter(|role| named.owners.contains(role)).collect();
    if choice == Roles::Required {
        refuse("the server has no such role", missing, "create it")?;
        let advice = "grant the restoring role membership in it";
        refuse("nothing may be given to this role", strange, advice)?;
    } else {
        usable.retain(|role| !strange.contains(role));
    }
    Ok(usable)
}

fn refuse(why: &'static str, roles: Vec<String>, advice: &'static str) -> Result<(), RestoreError> {
    if roles.is_empty() {
        return Ok(());
    }
    Err(RestoreError::Roles { why, roles, advice })
}

const DATABASE: &str = "\
    SELECT current_database()::text, current_setting('server_version_num')::integer,
           current_setting('server_version')";

/// Everything in a schema depends on it, whatever kind it is. Default privileges are no object that
/// could be in the way.
const SCHEMAS: &str = "\
    SELECT n.nspname::text,
           (SELECT count(*)
              FROM pg_catalog.pg_depend AS d
             WHERE d.refclassid = 'pg_catalog.pg_namespace'::regclass
               AND d.refobjid = n.oid
               AND d.deptype = 'n'
               AND d.classid NOT IN ('pg_catalog.pg_extension'::regclass,
                                     'pg_catalog.pg_default_acl'::regclass)
               AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend AS e
                                WHERE e.classid = d.classid AND e.objid = d.objid
                                  AND e.deptype = 'e'))
      FROM pg_catalog.pg_namespace AS n
     WHERE n.nspname !~ '^pg_'
       AND n.nspname <> 'information_schema'
       AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend AS e
                        WHERE e.classid = 'pg_catalog.pg_namespace'::regclass
                          AND e.objid = n.oid AND e.deptype = 'e')";

/// With whether the restoring role may make something theirs, which from PostgreSQL 16 on is a
/// privilege of its own.
const ROLES: &str = "\
    SELECT rolname::text,
           pg_catalog.pg_has_role(current_user, oid, CASE
               WHEN current_setting('server_version_num')::integer >= 160000 THEN 'SET'
               ELSE 'MEMBER' END)
      FROM pg_catalog.pg_roles
     WHERE rolname = ANY($1)";
