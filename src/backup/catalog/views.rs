//! Views and materialized views.

use tokio_postgres::Row;

use super::CatalogError;
use super::columns::{Column, Columns};
use super::item::{Item, Named, Object, catalog};
use super::server::{Server, definition};
use super::sql::options;
use pgarchive::Kind;

pub(super) async fn read(
    server: &Server<'_>,
    columns: &Columns,
) -> Result<Vec<Item>, CatalogError> {
    let mut items = Vec::new();
    for row in server.rows(VIEWS).await? {
        let view = View::of(&row)?;
        let columns = columns.get(&view.name.oid).map(Vec::as_slice);
        let columns = columns.unwrap_or_default();
        if view.materialized {
            items.push(view.materialized(columns));
            items.extend(view.refresh());
        } else {
            items.push(view.item(columns));
        }
    }
    Ok(items)
}

struct View {
    name: Named,
    /// The rule with its query.
    rule: Object,
    materialized: bool,
    populated: bool,
    options: Vec<String>,
    /// Whether replication identifies a row by all of its columns.
    identified_by_all: bool,
    /// Its query, without a semicolon.
    query: String,
}

impl View {
    fn of(row: &Row) -> Result<View, CatalogError> {
        let name = Named::of(row);
        // Another session can drop a view, because views are not locked.
        let query = definition(row, "view", &name.name)?;
        Ok(View {
            name,
            rule: Object {
                catalog: catalog::RULE,
                oid: row.get("rule"),
            },
            materialized: row.get("materialized"),
            populated: row.get("populated"),
            options: row.get("options"),
            identified_by_all: row.get("identified_by_all"),
            query: query.trim_end().trim_end_matches(';').to_owned(),
        })
    }

    fn item(&self, columns: &[Column]) -> Item {
        let whole = |definition| self.name.item(Kind::View, catalog::RELATION, definition);
        let body = self.body();
        Item {
            in_two: Some(Box::new([
                whole(self.of_nulls(columns)),
                self.query(format!("CREATE OR REPLACE VIEW {body};\n")),
            ])),
            ..whole(format!("CREATE VIEW {body};\n"))
        }
    }

    /// A view with these columns that depends on their types only, as `pg_dump` writes it.
    fn of_nulls(&self, columns: &[Column]) -> String {
        let columns: Vec<String> = columns.iter().map(Column::null).collect();
        let name = self.name.qualified();
        format!(
            "CREATE VIEW {name} AS\nSELECT\n    {};\n",
            columns.join(",\n    ")
        )
    }

    /// The item that replaces the query of such a view.
    fn query(&self, definition: String) -> Item {
        self.name
            .part(Kind::View, Some(self.rule), &self.name.name, definition)
            .after(Object::relation(self.name.oid))
    }

    fn materialized(&self, columns: &[Column]) -> Item {
        let body = self.body();
        let mut definition = format!("CREATE MATERIALIZED VIEW {body}\n  WITH NO DATA;\n");
        for column in columns {
            definition += &column.settings();
        }
        if self.identified_by_all {
            let name = self.name.qualified();
            definition.extend([format!("ALTER TABLE ONLY {name} REPLICA IDENTITY FULL;\n")]);
        }
        self.name
            .item(Kind::MaterializedView, catalog::RELATION, definition)
    }

    fn body(&self) -> String {
        let name = self.name.qualified();
        if self.options.is_empty() {
            return format!("{name} AS\n{}", self.query);
        }
        format!(
            "{name} WITH ({}) AS\n{}",
            options(&self.options),
            self.query
        )
    }

    /// Fills it with rows, if it had any, as its owner sees them. With row security off, as in the session
    /// of a restore, this fails for an owner to whom a policy applies.
    fn refresh(&self) -> Option<Item> {
        if !self.populated {
            return None;
        }
        let definition = format!(
            "SET row_security = on;\nREFRESH MATERIALIZED VIEW {};\nSET row_security = off;\n",
            self.name.qualified()
        );
        let item = self
            .name
            .part(Kind::Refresh, None, &self.name.name, definition)
            .after(Object::relation(self.name.oid));
        Some(item)
    }
}

const VIEWS: &str = "\
    SELECT c.oid, n.nspname::text AS schema, c.relname::text AS name,
           pg_get_userbyid(c.relowner)::text AS owner, c.relkind = 'm' AS materialized,
           (SELECT r.oid FROM pg_rewrite r
             WHERE r.ev_class = c.oid AND r.rulename = '_RETURN') AS rule,
           c.relispopulated AS populated, c.relreplident = 'f' AS identified_by_all,
           coalesce(c.reloptions, '{}')
             || coalesce((SELECT array_agg('toast.' || o) FROM unnest(t.reloptions) o), '{}')
             AS options,
           pg_get_viewdef(c.oid) AS definition
      FROM pg_class c
      JOIN pg_namespace n ON n.oid = c.relnamespace
      LEFT JOIN pg_class t ON t.oid = c.reltoastrelid
     WHERE c.oid >= 16384 AND c.relkind IN ('v', 'm') AND c.relpersistence <> 't'
     ORDER BY 2, 3";
