//! The content of the database that a backup is to go into.

use std::collections::{BTreeMap, BTreeSet};

use tokio_postgres::Client;

use super::super::error::{RestoreError, at};
use super::super::options::Options;

/// A database before the restore.
#[derive(Debug)]
pub(in super::super) struct Target {
    pub(in super::super) database: String,
    /// `server_version_num`.
    pub(super) version: i32,
    /// `server_version`.
    pub(super) version_name: String,
    /// Users' schemas and the number of objects in each. Extensions and their members do not count.
    schemas: BTreeMap<String, i64>,
    /// The roles that may create in schema public; `None` where there is no such schema.
    pub(super) creators: Option<BTreeSet<String>>,
    /// Whether the database is still to be made.
    pub(super) is_temporary: bool,
}

impl Target {
    pub(in super::super) async fn read(client: &Client) -> Result<Target, RestoreError> {
        let step = "looking at the target";
        let row = client.query_one(DATABASE, &[]).await.map_err(at(step))?;
        let schemas = client.query(SCHEMAS, &[]).await.map_err(at(step))?;
        let schemas: BTreeMap<String, i64> =
            schemas.iter().map(|row| (row.get(0), row.get(1))).collect();
        let creators = client.query(CREATORS, &[]).await.map_err(at(step))?;
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
    pub(in super::super) async fn temporary(client: &Client) -> Result<Target, RestoreError> {
        Ok(Target {
            schemas: [("public".to_owned(), 0)].into(),
            creators: Some(BTreeSet::new()),
            is_temporary: true,
            ..Target::read(client).await?
        })
    }

    pub(in super::super) fn is_empty(&self) -> bool {
        self.schemas.values().all(|objects| *objects == 0)
    }

    /// Checks that a database that is not empty may be replaced.
    pub(in super::super) fn may_be_replaced(&self, options: &Options) -> Result<(), RestoreError> {
        if options.replace {
            return Ok(());
        }
        let (database, contents) = (&self.database, self.contents());
        Err(RestoreError::Refused(format!(
            "database {database} is not empty: {contents}; restore into a new database, or add \
             --replace: the database then keeps its content under another name"
        )))
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

/// Everything in a schema depends on it, objects of all kinds. Default privileges are not objects that
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
