//! Schemas and extensions.

use tokio_postgres::Row;

use super::CatalogError;
use super::item::{Item, Kind, Object, catalog};
use super::server::Server;
use super::sql::quoted;

pub(super) async fn read(server: &Server<'_>) -> Result<Vec<Item>, CatalogError> {
    let schemas = server.rows(SCHEMAS).await?;
    let extensions = server.rows(EXTENSIONS).await?;
    let schemas = schemas.iter().map(schema);
    Ok(schemas.chain(extensions.iter().map(extension)).collect())
}

fn schema(row: &Row) -> Item {
    let name: &str = row.get("name");
    let object = Object {
        catalog: catalog::SCHEMA,
        oid: row.get("oid"),
    };
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

fn extension(row: &Row) -> Item {
    let name: &str = row.get("name");
    let object = Object {
        catalog: catalog::EXTENSION,
        oid: row.get("oid"),
    };
    let (quoted_name, schema) = (quoted(name), quoted(row.get("schema")));
    let definition =
        format!("CREATE EXTENSION IF NOT EXISTS {quoted_name} WITH SCHEMA {schema};\n");
    // Without an owner, as pg_restore cannot change one.
    Item::new(Kind::Extension, Some(object), name, definition)
        .dropped_by(format!("DROP EXTENSION {quoted_name};\n"))
}

/// `public` is there anyway; it counts where its owner is not what a new database gives it.
const SCHEMAS: &str = "\
    SELECT n.oid, n.nspname::text AS name, pg_get_userbyid(n.nspowner)::text AS owner
      FROM pg_namespace n
     WHERE n.nspname !~ '^pg_'
       AND (n.oid >= 16384 OR n.nspname = 'public')
       AND NOT (n.oid < 16384 AND pg_get_userbyid(n.nspowner) = 'pg_database_owner')
     ORDER BY 2";

const EXTENSIONS: &str = "\
    SELECT e.oid, e.extname::text AS name, n.nspname::text AS schema
      FROM pg_extension e
      JOIN pg_namespace n ON n.oid = e.extnamespace
     WHERE e.oid >= 16384
     ORDER BY 2";
