//! Triggers and rules.

use tokio_postgres::Row;

use super::CatalogError;
use super::item::{Item, Named, Object, catalog};
use super::server::{Server, definition};
use super::sql::quoted;
use pgarchive::Kind;

pub(super) async fn read(server: &Server<'_>) -> Result<Vec<Item>, CatalogError> {
    let mut items = Vec::new();
    for (attached, sql) in [
        (Attached::TRIGGER, triggers(server)),
        (Attached::RULE, RULES.to_owned()),
    ] {
        for row in server.rows(&sql).await? {
            items.push(attached.item(&row)?);
        }
    }
    Ok(items)
}

/// Since version 13, `pg_trigger` names the parent's trigger that a partition's trigger follows.
fn triggers(server: &Server<'_>) -> String {
    let parent = if server.version < 130_000 {
        "NULL::oid"
    } else {
        "nullif(g.tgparentid, 0)"
    };
    TRIGGERS.replace("$parent", parent)
}

/// A trigger or a rule of a table.
struct Attached {
    kind: Kind,
    catalog: u32,
}

impl Attached {
    const TRIGGER: Attached = Attached {
        kind: Kind::Trigger,
        catalog: catalog::TRIGGER,
    };
    const RULE: Attached = Attached {
        kind: Kind::Rule,
        catalog: catalog::RULE,
    };

    fn item(&self, row: &Row) -> Result<Item, CatalogError> {
        let table = Named::of(row);
        let name: &str = row.get("attached");
        let object = |oid| Object {
            catalog: self.catalog,
            oid,
        };
        let definition = definition(row, self.kind, name)?;
        let mut definition = format!("{};\n", definition.trim_end_matches(';'));
        let parent: Option<u32> = row.get("parent");
        if parent.is_some() {
            definition.clear();
        }
        let state = match row.get("enabled") {
            "D" => "DISABLE",
            "A" => "ENABLE ALWAYS",
            "R" => "ENABLE REPLICA",
            _ if parent.is_some() => "ENABLE",
            _ => "",
        };
        let (kind, quoted_name) = (self.kind, quoted(name));
        let qualified = table.qualified();
        if !state.is_empty() {
            definition.extend([format!(
                "ALTER TABLE {qualified} {state} {kind} {quoted_name};\n"
            )]);
        }
        let tag = format!("{} {name}", table.name);
        let attached = object(row.get("attached_oid"));
        let item = table.part(self.kind, Some(attached), &tag, definition);
        Ok(match parent {
            Some(oid) => item.after(object(oid)),
            None => item.dropped_by(format!("DROP {kind} {quoted_name} ON {qualified};\n")),
        })
    }
}

/// The server's own triggers come with their constraints, and a partition's with its parent's,
/// except where it is switched on or off by itself.
const TRIGGERS: &str = "\
    SELECT g.oid AS attached_oid, $parent AS parent, g.tgname::text AS attached, g.tgenabled::text AS enabled,
           pg_get_triggerdef(g.oid) AS definition,
           c.oid, n.nspname::text AS schema, c.relname::text AS name,
           pg_get_userbyid(c.relowner)::text AS owner
      FROM pg_trigger g
      JOIN pg_class c ON c.oid = g.tgrelid
      JOIN pg_namespace n ON n.oid = c.relnamespace
      LEFT JOIN pg_trigger u ON u.oid = $parent
     WHERE g.oid >= 16384 AND c.relkind IN ('r', 'p', 'f', 'v')
       AND (NOT g.tgisinternal AND u.oid IS NULL
            OR u.tgenabled <> g.tgenabled AND NOT u.tgisinternal)
     ORDER BY n.nspname, c.relname, g.tgname";

/// A view's own rule comes with the view.
const RULES: &str = "\
    SELECT r.oid AS attached_oid, NULL::oid AS parent, r.rulename::text AS attached, r.ev_enabled::text AS enabled,
           pg_get_ruledef(r.oid) AS definition,
           c.oid, n.nspname::text AS schema, c.relname::text AS name,
           pg_get_userbyid(c.relowner)::text AS owner
      FROM pg_rewrite r
      JOIN pg_class c ON c.oid = r.ev_class
      JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE r.oid >= 16384 AND r.rulename <> '_RETURN' AND c.relkind IN ('r', 'p', 'v')
     ORDER BY n.nspname, c.relname, r.rulename";
