//! Functions and procedures.

use tokio_postgres::Row;

use super::CatalogError;
use super::item::{Item, Object};
use super::server::{Server, definition};
use super::sql::qualified;
use pgarchive::Kind;

pub(super) async fn read(server: &Server<'_>) -> Result<Vec<Item>, CatalogError> {
    let rows = server.rows(FUNCTIONS).await?;
    rows.iter().map(function).collect()
}

fn function(row: &Row) -> Result<Item, CatalogError> {
    let (schema, name): (&str, &str) = (row.get("schema"), row.get("name"));
    let arguments: &str = row.get("arguments");
    // Another session can drop a function, because functions cannot be locked.
    let definition = definition(row, "function", name)?;
    let definition = definition.replacen("CREATE OR REPLACE ", "CREATE ", 1);
    let kind = match row.get("kind") {
        "p" => Kind::Procedure,
        _ => Kind::Function,
    };
    let object = Object::of(row);
    // pg_restore takes the name for ALTER … OWNER from this statement. Procedures can differ in their OUT
    // arguments alone.
    let drop = format!(
        "DROP {kind} {}({});\n",
        qualified(schema, name),
        row.get::<_, &str>("identity")
    );
    let tag = format!("{name}({arguments})");
    let definition = format!("{};\n", definition.trim_end());
    Ok(Item::new(kind, Some(object), &tag, definition)
        .within(Some(schema), row.get("owner"))
        .dropped_by(drop))
}

/// A session can drop its temporary functions at any moment. A range creates its constructors itself.
const FUNCTIONS: &str = "\
    SELECT p.tableoid AS catalog, p.oid, n.nspname::text AS schema, p.proname::text AS name,
           pg_get_userbyid(p.proowner)::text AS owner, p.prokind::text AS kind,
           oidvectortypes(p.proargtypes) AS arguments,
           coalesce(pg_get_function_identity_arguments(p.oid), '') AS identity,
           pg_get_functiondef(p.oid) AS definition
      FROM pg_proc p
      JOIN pg_namespace n ON n.oid = p.pronamespace
     WHERE p.oid >= 16384 AND p.prokind IN ('f', 'p', 'w') AND n.nspname !~ '^pg_'
       AND NOT EXISTS (SELECT FROM pg_depend d
                        WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid
                          AND d.deptype = 'i')
     ORDER BY schema, name, arguments";
