//! Triggers and rules.

use std::fmt::Write;

use tokio_postgres::Row;

use super::CatalogError;
use super::item::{Item, Kind, Named, Object, catalog};
use super::server::Server;
use super::sql::quoted;

pub(super) async fn read(server: &Server<'_>) -> Result<Vec<Item>, CatalogError> {
    let triggers = server.rows(TRIGGERS).await?;
    let rules = server.rows(RULES).await?;
    let triggers = triggers.iter().map(|row| Attached::TRIGGER.item(row));
    let rules = rules.iter().map(|row| Attached::RULE.item(row));
    Ok(triggers.chain(rules).collect())
}

/// What is attached to a table, and can be switched off.
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

    fn item(&self, row: &Row) -> Item {
        let table = Named::of(row);
        let name: &str = row.get("attached");
        let object = Object {
            catalog: self.catalog,
            oid: row.get("attached_oid"),
        };
        let definition: &str = row.get("definition");
        let mut definition = format!("{};\n", definition.trim_end_matches(';'));
        let state = match row.get("enabled") {
            "D" => "DISABLE",
            "A" => "ENABLE ALWAYS",
            "R" => "ENABLE REPLICA",
            _ => "",
        };
        let (words, quoted_name) = (self.kind.words(), quoted(name));
        let qualified = table.qualified();
        if !state.is_empty() {
            writeln!(
                definition,
                "ALTER TABLE {qualified} {state} {words} {quoted_name};"
            )
            .expect("a String takes all");
        }
        let tag = format!("{} {name}", table.name);
        Item::new(self.kind, Some(object), &tag, definition)
            .within(Some(&table.schema), &table.owner)
            .dropped_by(format!("DROP {words} {quoted_name} ON {qualified};\n"))
    }
}

/// The server's own triggers come with their constraints.
const TRIGGERS: &str = "\
    SELECT g.oid AS attached_oid, g.tgname::text AS attached, g.tgenabled::text AS enabled,
           pg_get_triggerdef(g.oid) AS definition,
           c.oid, n.nspname::text AS schema, c.relname::text AS name,
           pg_get_userbyid(c.relowner)::text AS owner
      FROM pg_trigger g
      JOIN pg_class c ON c.oid = g.tgrelid
      JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE g.oid >= 16384 AND NOT g.tgisinternal AND c.relkind IN ('r', 'v')
     ORDER BY n.nspname, c.relname, g.tgname";

/// A view's own rule comes with the view.
const RULES: &str = "\
    SELECT r.oid AS attached_oid, r.rulename::text AS attached, r.ev_enabled::text AS enabled,
           pg_get_ruledef(r.oid) AS definition,
           c.oid, n.nspname::text AS schema, c.relname::text AS name,
           pg_get_userbyid(c.relowner)::text AS owner
      FROM pg_rewrite r
      JOIN pg_class c ON c.oid = r.ev_class
      JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE r.oid >= 16384 AND r.rulename <> '_RETURN' AND c.relkind IN ('r', 'v')
     ORDER BY n.nspname, c.relname, r.rulename";
