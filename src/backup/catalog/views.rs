//! Views and materialized views.

use tokio_postgres::Row;

use super::CatalogError;
use super::columns::{Column, Columns};
use super::declared::{self, Declared};
use super::item::{Item, Named, Object, catalog};
use super::server::{Server, definition};
use super::sql::storage_options;
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
        items.push(if view.materialized {
            view.materialized(columns)
        } else {
            view.item(columns)
        });
    }
    items.extend(declared::read(server, &[Declared::part(Kind::Refresh, REFRESHES)]).await?);
    Ok(items)
}

struct View {
    name: Named,
    /// The rule with its query.
    rule: Object,
    materialized: bool,
    /// Whether replication identifies a row by all of its columns.
    identified_by_all: bool,
    /// Its name, options and query, without a semicolon.
    body: String,
}

impl View {
    fn of(row: &Row) -> Result<View, CatalogError> {
        let name = Named::of(row);
        // Another session can drop a view, because views are not locked.
        let body = definition(row, "view", &name.name)?.to_owned();
        Ok(View {
            name,
            rule: Object {
                catalog: catalog::RULE,
                oid: row.get("rule"),
            },
            materialized: row.get("materialized"),
            identified_by_all: row.get("identified_by_all"),
            body,
        })
    }

    fn item(&self, columns: &[Column]) -> Item {
        let whole = |definition| self.name.item(Kind::View, catalog::RELATION, definition);
        let body = &self.body;
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
        let body = &self.body;
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
}

const VIEWS: &str = concat!(
    "SELECT c.oid, n.nspname::text AS schema, c.relname::text AS name,
            pg_get_userbyid(c.relowner)::text AS owner, c.relkind = 'm' AS materialized,
            (SELECT r.oid FROM pg_rewrite r
              WHERE r.ev_class = c.oid AND r.rulename = '_RETURN') AS rule,
            c.relreplident = 'f' AS identified_by_all,
            concat(quote_ident(n.nspname), '.', quote_ident(c.relname), ' WITH (' || ",
    storage_options!("c.reloptions", "t.reloptions"),
    " || ')', E' AS\\n') || rtrim(pg_get_viewdef(c.oid), E'; \\n') AS definition
       FROM pg_class c
       JOIN pg_namespace n ON n.oid = c.relnamespace
       LEFT JOIN pg_class t ON t.oid = c.reltoastrelid
      WHERE c.oid >= 16384 AND c.relkind IN ('v', 'm') AND c.relpersistence <> 't'
      ORDER BY 2, 3"
);

/// Fills a view with rows, if it had any, as its owner sees them. With row security off, as in the session of a
/// restore, this fails for an owner to whom a policy applies.
const REFRESHES: &str = "\
    SELECT c.tableoid, c.oid, c.relnamespace, c.relowner, c.relname, NULL,
           format(E'SET row_security = on;\\nREFRESH MATERIALIZED VIEW %I.%I;\\nSET row_security = off;',
                  n.nspname, c.relname), NULL
      FROM pg_class c
      JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE c.relkind = 'm' AND c.relispopulated";
