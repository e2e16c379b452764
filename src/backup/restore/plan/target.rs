//! The content of the database that a backup is to go into.

use std::collections::BTreeSet;

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
    /// Users' schemas that are not empty, with their number of objects, and default privileges that change the
    /// grants of what is restored; `None` if there is none of these.
    contents: Option<String>,
    /// The roles that may create in schema public; `None` where there is no such schema.
    pub(super) creators: Option<BTreeSet<String>>,
    /// Whether the database is still to be made.
    pub(super) is_temporary: bool,
}

impl Target {
    pub(in super::super) async fn read(client: &Client) -> Result<Target, RestoreError> {
        let row = client.query_one(TARGET, &[]).await;
        let row = row.map_err(at("looking at the target"))?;
        let creators: Option<Vec<String>> = row.get("creators");
        Ok(Target {
            database: row.get("database"),
            version: row.get("version"),
            version_name: row.get("version_name"),
            contents: row.get("contents"),
            creators: creators.map(BTreeSet::from_iter),
            is_temporary: false,
        })
    }

    /// A database that is made from template0 on the server of this connection.
    pub(in super::super) async fn temporary(client: &Client) -> Result<Target, RestoreError> {
        Ok(Target {
            contents: None,
            creators: Some(BTreeSet::new()),
            is_temporary: true,
            ..Target::read(client).await?
        })
    }

    pub(in super::super) fn is_empty(&self) -> bool {
        self.contents.is_none()
    }

    /// Checks that a database that is not empty may be replaced.
    pub(in super::super) fn may_be_replaced(&self, options: &Options) -> Result<(), RestoreError> {
        let (database, contents) = (&self.database, self.contents.as_deref());
        if options.replace {
            return Ok(());
        }
        Err(RestoreError::Refused(format!(
            "database {database} is not empty: {}; restore into a new database, or add --replace: the \
             database then keeps its content under another name",
            contents.unwrap_or_default()
        )))
    }
}

/// Everything in a schema depends on it, objects of all kinds. Extensions and their members do not count, nor do
/// default privileges of other roles than the one that makes all objects.
const TARGET: &str = "\
    SELECT current_database()::text AS database,
           current_setting('server_version_num')::integer AS version,
           current_setting('server_version') AS version_name,
           CASE WHEN pg_catalog.to_regnamespace('public') IS NOT NULL
                THEN ARRAY(SELECT rolname::text FROM pg_catalog.pg_roles
                            WHERE pg_catalog.has_schema_privilege(oid, 'public', 'CREATE'))
           END AS creators,
           nullif(concat_ws(', ',
             (SELECT string_agg(format('schema %s holds %s object%s', s.name, s.objects,
                                       CASE WHEN s.objects > 1 THEN 's' END), ', ' ORDER BY s.name)
                FROM (SELECT n.nspname AS name, count(*) AS objects
                        FROM pg_catalog.pg_namespace AS n
                        JOIN pg_catalog.pg_depend AS d
                          ON d.refclassid = 'pg_catalog.pg_namespace'::regclass AND d.refobjid = n.oid
                       WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
                         AND d.deptype = 'n'
                         AND d.classid NOT IN ('pg_catalog.pg_extension'::regclass,
                                               'pg_catalog.pg_default_acl'::regclass)
                         AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend AS e
                                          WHERE e.deptype = 'e'
                                            AND ((e.classid, e.objid) = (d.classid, d.objid)
                                                 OR (e.classid, e.objid) = (d.refclassid, n.oid)))
                       GROUP BY n.nspname) AS s),
             (SELECT format('role %I has default privileges, which change the grants of new objects',
                            r.rolname)
                FROM pg_catalog.pg_roles AS r
               WHERE r.rolname = current_user
                 AND EXISTS (SELECT FROM pg_catalog.pg_default_acl AS a
                              WHERE a.defaclrole = r.oid))), '') AS contents";
