//! Functions and procedures. Aggregates are left to the census.

use tokio_postgres::Row;

use super::CatalogError;
use super::item::{Item, Kind, Object, catalog};
use super::server::Server;
use super::sql::qualified;

pub(super) async fn read(server: &Server<'_>) -> Result<Vec<Item>, CatalogError> {
    let rows = server.rows(FUNCTIONS).await?;
    rows.iter().map(function).collect()
}

fn function(row: &Row) -> Result<Item, CatalogError> {
    let (schema, name): (&str, &str) = (row.get("schema"), row.get("name"));
    let arguments: &str = row.get("arguments");
    // Functions cannot be locked.
    let definition: Option<&str> = row.get("definition");
    let definition = definition
        .ok_or_else(|| CatalogError::Changed(format!("function {schema}.{name} went away")))?;
    let definition = definition.replacen("CREATE OR REPLACE ", "CREATE ", 1);
    let kind = match row.get("kind") {
        "p" => Kind::Procedure,
        _ => Kind::Function,
    };
    let object = Object {
        catalog: catalog::FUNCTION,
        oid: row.get("oid"),
    };
    // pg_restore takes the name of what it gives an owner from this statement.
    let drop = format!(
        "DROP {} {}({arguments});\n",
        kind.words(),
        qualified(schema, name)
    );
    let tag = format!("{name}({arguments})");
    let definition = format!("{};\n", definition.trim_end());
    Ok(Item::new(kind, Some(object), &tag, definition)
        .within(Some(schema), row.get("owner"))
        .dropped_by(drop))
}

/// Those of a session alone may go at any moment.
const FUNCTIONS: &str = "\
    SELECT p.oid, n.nspname::text AS schema, p.proname::text AS name,
           pg_get_userbyid(p.proowner)::text AS owner, p.prokind::text AS kind,
           oidvectortypes(p.proargtypes) AS arguments,
           pg_get_functiondef(p.oid) AS definition
      FROM pg_proc p
      JOIN pg_namespace n ON n.oid = p.pronamespace
     WHERE p.oid >= 16384 AND p.prokind IN ('f', 'p', 'w') AND n.nspname !~ '^pg_'
     ORDER BY 2, 3, 6";
