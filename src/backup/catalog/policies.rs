//! Policies of row security.

use tokio_postgres::Row;

use super::CatalogError;
use super::item::{Item, Named, Object, catalog};
use super::server::Server;
use super::sql::{quoted, quoted_list};
use pgarchive::Kind;

pub(super) async fn read(server: &Server<'_>) -> Result<Vec<Item>, CatalogError> {
    let rows = server.rows(POLICIES).await?;
    Ok(rows.iter().map(policy).collect())
}

fn policy(row: &Row) -> Item {
    let table = Named::of(row);
    let name: &str = row.get("policy");
    let on = format!("{} ON {}", quoted(name), table.qualified());
    let mut definition = format!("CREATE POLICY {on}");
    if !row.get::<_, bool>("permissive") {
        definition += " AS RESTRICTIVE";
    }
    definition += match row.get("command") {
        "r" => " FOR SELECT",
        "a" => " FOR INSERT",
        "w" => " FOR UPDATE",
        "d" => " FOR DELETE",
        _ => "",
    };
    // An empty list stands for PUBLIC.
    let roles: Vec<String> = row.get("roles");
    if !roles.is_empty() {
        definition.extend([" TO ", &quoted_list(roles.iter().map(String::as_str))]);
    }
    if let Some(condition) = row.get::<_, Option<&str>>("condition") {
        definition.extend([" USING (", condition, ")"]);
    }
    if let Some(check) = row.get::<_, Option<&str>>("check") {
        definition.extend([" WITH CHECK (", check, ")"]);
    }
    definition += ";\n";
    let object = Object {
        catalog: catalog::POLICY,
        oid: row.get("policy_oid"),
    };
    let tag = format!("{} {name}", table.name);
    table
        .part(Kind::Policy, Some(object), &tag, definition)
        .dropped_by(format!("DROP POLICY {on};\n"))
}

const POLICIES: &str = "\
    SELECT p.oid AS policy_oid, p.polname::text AS policy, p.polcmd::text AS command,
           p.polpermissive AS permissive,
           ARRAY(SELECT r.rolname::text FROM pg_roles r
                  WHERE r.oid = ANY (p.polroles) ORDER BY r.rolname) AS roles,
           pg_get_expr(p.polqual, p.polrelid) AS condition,
           pg_get_expr(p.polwithcheck, p.polrelid) AS check,
           c.oid, n.nspname::text AS schema, c.relname::text AS name,
           pg_get_userbyid(c.relowner)::text AS owner
      FROM pg_policy p
      JOIN pg_class c ON c.oid = p.polrelid
      JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE c.relkind IN ('r', 'p')
     ORDER BY n.nspname, c.relname, p.polname";
