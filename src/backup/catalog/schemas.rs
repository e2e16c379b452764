//! Schemas and extensions.

use std::collections::HashMap;

use tokio_postgres::Row;

use super::CatalogError;
use super::declared::{self, Declared};
use super::item::{Item, Object, catalog};
use super::server::Server;
use super::sql::quoted;
use pgarchive::Kind;

pub(super) async fn read(server: &Server<'_>) -> Result<Vec<Item>, CatalogError> {
    let mut items = declared::read(server, &[Declared::whole(Kind::Extension, EXTENSIONS)]).await?;
    items.extend(server.rows(SCHEMAS).await?.iter().map(schema));
    Ok(items)
}

fn schema(row: &Row) -> Item {
    let name: &str = row.get("name");
    let object = Object::of(row);
    let mut definition = format!("CREATE SCHEMA {};\n", quoted(name));
    let mut drop = format!("DROP SCHEMA {};\n", quoted(name));
    if name == "public" {
        // pg_restore changes its owner only if there is an entry for it.
        "-- *not* creating schema, since initdb creates it\n".clone_into(&mut definition);
        "-- *not* dropping schema, since initdb creates it\n".clone_into(&mut drop);
    }
    Item::new(Kind::Schema, Some(object), name, definition)
        .within(None, row.get("owner"))
        .dropped_by(drop)
}

/// Adds `DEPENDS ON EXTENSION` to the items that are dropped with an extension.
pub(super) async fn bind(server: &Server<'_>, items: &mut [Item]) -> Result<(), CatalogError> {
    let mut bound: HashMap<Object, Vec<(Object, String)>> = HashMap::new();
    for row in server.rows(BOUND).await? {
        let object = Object::of(&row);
        let extension = Object {
            catalog: catalog::EXTENSION,
            oid: row.get("extension"),
        };
        let name = quoted(row.get("extension_name"));
        let subject: &str = row.get("subject");
        let statement = format!("ALTER {subject} DEPENDS ON EXTENSION {name};\n");
        bound
            .entry(object)
            .or_default()
            .push((extension, statement));
    }
    for item in items {
        let object = item.objects.first();
        for (extension, statement) in object.and_then(|it| bound.remove(it)).into_iter().flatten() {
            item.entry.definition += &statement;
            item.after.push(extension);
        }
    }
    Ok(())
}

/// `public` is in every new database. It is included if its owner is not the usual one. Renamed, it is a
/// schema like any other.
const SCHEMAS: &str = "\
    SELECT n.tableoid AS catalog, n.oid, n.nspname::text AS name,
           pg_get_userbyid(n.nspowner)::text AS owner
      FROM pg_namespace n
     WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
       AND NOT (n.oid < 16384 AND n.nspname = 'public'
                AND pg_get_userbyid(n.nspowner) = 'pg_database_owner')
     ORDER BY name";

/// Without an owner, because `pg_restore` cannot change it.
const EXTENSIONS: &str = "\
    SELECT e.tableoid, e.oid, NULL::oid, NULL::oid, e.extname, NULL,
           format('CREATE EXTENSION IF NOT EXISTS %I WITH SCHEMA %I;', e.extname, n.nspname)
      FROM pg_extension e
      JOIN pg_namespace n ON n.oid = e.extnamespace";

const BOUND: &str = "\
    SELECT d.classid AS catalog, d.objid AS oid, e.oid AS extension,
           e.extname::text AS extension_name,
           CASE WHEN g.oid IS NOT NULL
                THEN format('TRIGGER %I ON %I.%I', g.tgname, n.nspname, c.relname)
                WHEN c.oid IS NOT NULL
                THEN format('%s %I.%I', CASE c.relkind WHEN 'm' THEN 'MATERIALIZED VIEW'
                                             ELSE 'INDEX' END, n.nspname, c.relname)
                ELSE format('%s %I.%I(%s)', CASE p.prokind WHEN 'p' THEN 'PROCEDURE'
                                                 ELSE 'FUNCTION' END, n.nspname, p.proname,
                            pg_get_function_identity_arguments(p.oid)) END AS subject
      FROM pg_depend d
      JOIN pg_extension e ON e.oid = d.refobjid
      LEFT JOIN pg_proc p ON d.classid = 'pg_proc'::regclass AND p.oid = d.objid
      LEFT JOIN pg_trigger g ON d.classid = 'pg_trigger'::regclass AND g.oid = d.objid
      LEFT JOIN pg_class c
             ON c.oid = CASE WHEN d.classid = 'pg_class'::regclass THEN d.objid ELSE g.tgrelid END
      JOIN pg_namespace n ON n.oid = coalesce(p.pronamespace, c.relnamespace)
     WHERE d.deptype = 'x' AND d.refclassid = 'pg_extension'::regclass
     ORDER BY 1, 2, 4";
