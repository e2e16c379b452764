//! What is in the database that a backup is to go into.

use std::collections::{BTreeMap, BTreeSet};

use tokio_postgres::Client;

use super::error::{RestoreError, at};
use super::options::Options;

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
    /// The roles that may create in schema public; `None` where there is no such schema.
    pub(super) creators: Option<BTreeSet<String>>,
    /// Whether the database is still to be made.
    pub(super) is_temporary: bool,
}

impl Target {
    pub(super) async fn read(client: &Client) -> Result<Target, RestoreError> {
        let failed = "looking at the target";
        let row = client.query_one(DATABASE, &[]).await.map_err(at(failed))?;
        let schemas = client.query(SCHEMAS, &[]).await.map_err(at(failed))?;
        let schemas: BTreeMap<String, i64> =
            schemas.iter().map(|row| (row.get(0), row.get(1))).collect();
        let creators = client.query(CREATORS, &[]).await.map_err(at(failed))?;
        let creators = creators.iter().map(|row| row.get(0)).collect();
        Ok(Target {
            creators: schemas.contains_key("public").then_some(creators),
            is_temporary: false,
            database: row.get(0),
            version: row.get(1),
            version_name: row.get(2),
            schemas,
        })
    }

    /// A database that is made from template0 on the server of this connection.
    pub(super) async fn temporary(client: &Client) -> Result<Target, RestoreError> {
        Ok(Target {
            schemas: [("public".to_owned(), 0)].into(),
            creators: Some(BTreeSet::new()),
            is_temporary: true,
            ..Target::read(client).await?
        })
    }

    pub(super) fn is_empty(&self) -> bool {
        self.schemas.values().all(|objects| *objects == 0)
    }

    /// Checks that a database that is not empty may be replaced.
    pub(super) fn may_be_replaced(&self, options: &Options) -> Result<(), RestoreError> {
        if options.replace {
            return Ok(());
        }
        Err(RestoreError::Occupied {
            database: self.database.clone(),
            holds: self.contents(),
        })
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

const DATABASE: &str = "\
    SELECT current_database()::text, current_setting('server_version_num')::integer,
           current_setting('server_version')";

const CREATORS: &str = "\
    SELECT r.rolname::text
      FROM pg_catalog.pg_namespace AS n
     CROSS JOIN pg_catalog.pg_roles AS r
     WHERE n.nspname = 'public' AND pg_catalog.has_schema_privilege(r.oid, n.oid, 'CREATE')";

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
