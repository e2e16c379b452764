//! Indexes that belong to no constraint, and extended statistics.

use std::fmt::Write;

use tokio_postgres::Row;

use super::CatalogError;
use super::item::{Item, Kind, Named, Object, catalog};
use super::server::Server;
use super::sql::{options, qualified, quoted};

/// An index, also of a constraint, and what it has been told beyond its definition.
pub(super) struct IndexState {
    table: Named,
    name: String,
    options: Vec<String>,
    clustered: bool,
    identity: bool,
    statistics: Vec<String>,
}

pub(super) async fn read(server: &Server<'_>) -> Result<Vec<Item>, CatalogError> {
    let indexes = server.rows(INDEXES).await?;
    let statistics = server.rows(STATISTICS).await?;
    let mut items: Vec<Item> = indexes.iter().filter_map(index).collect();
    items.extend(statistics.iter().map(extended));
    Ok(items)
}

fn index(row: &Row) -> Option<Item> {
    let state = IndexState::of(row)?;
    let oid: u32 = row.get("index_oid");
    let mut definition = format!("{};\n", row.get::<_, &str>("definition"));
    state.write(&mut definition);
    let Named { schema, owner, .. } = &state.table;
    let item = Item::new(
        Kind::Index,
        Some(Object::relation(oid)),
        &state.name,
        definition,
    );
    let drop = format!("DROP INDEX {};\n", qualified(schema, &state.name));
    Some(item.within(Some(schema), owner).dropped_by(drop))
}

fn extended(row: &Row) -> Item {
    let statistics = Named::of(row);
    let mut definition = format!("{};\n", row.get::<_, &str>("definition"));
    if let Some(target) = row.get::<_, Option<i32>>("target") {
        let name = statistics.qualified();
        writeln!(
            definition,
            "ALTER STATISTICS {name} SET STATISTICS {target};"
        )
        .expect("a String takes all");
    }
    statistics.item(Kind::Statistics, catalog::STATISTICS, definition)
}

impl IndexState {
    /// From the columns `index`, `index_options`, …; `None` if the row has no index.
    pub(super) fn of(row: &Row) -> Option<IndexState> {
        let name: Option<String> = row.get("index");
        let options: Option<Vec<String>> = row.get("index_options");
        Some(IndexState {
            table: Named::of(row),
            name: name?,
            options: options.unwrap_or_default(),
            clustered: row.get("clustered"),
            identity: row.get("identity"),
            statistics: row.get("index_statistics"),
        })
    }

    /// Statements that come after its definition.
    pub(super) fn write(&self, text: &mut String) {
        let table = self.table.qualified();
        let index = qualified(&self.table.schema, &self.name);
        let mut statements = Vec::new();
        if !self.options.is_empty() {
            statements.push(format!(
                "ALTER INDEX {index} SET ({});",
                options(&self.options)
            ));
        }
        for column in &self.statistics {
            statements.push(format!("ALTER INDEX {index} ALTER COLUMN {column};"));
        }
        let name = quoted(&self.name);
        if self.clustered {
            statements.push(format!("ALTER TABLE {table} CLUSTER ON {name};"));
        }
        if self.identity {
            statements.push(format!(
                "ALTER TABLE ONLY {table} REPLICA IDENTITY USING INDEX {name};"
            ));
        }
        for statement in statements {
            writeln!(text, "{statement}").expect("a String takes all");
        }
    }
}

/// An invalid index is left over from a `CREATE INDEX CONCURRENTLY` that failed.
const INDEXES: &str = "\
    SELECT i.oid AS index_oid, i.relname::text AS index,
           pg_get_indexdef(i.oid) AS definition, '{}'::text[] AS index_options,
           x.indisclustered AS clustered, x.indisreplident AS identity,
           ARRAY(SELECT format('%s SET STATISTICS %s', a.attnum, to_jsonb(a) ->> 'attstattarget')
                   FROM pg_attribute a
                  WHERE a.attrelid = i.oid AND (to_jsonb(a) ->> 'attstattarget')::int4 >= 0
                  ORDER BY a.attnum) AS index_statistics,
           c.oid, n.nspname::text AS schema, c.relname::text AS name,
           pg_get_userbyid(c.relowner)::text AS owner
      FROM pg_index x
      JOIN pg_class i ON i.oid = x.indexrelid
      JOIN pg_class c ON c.oid = x.indrelid
      JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE i.oid >= 16384 AND c.relkind IN ('r', 'm') AND x.indisvalid
       AND NOT EXISTS (SELECT FROM pg_constraint k
                        WHERE k.conindid = i.oid AND k.contype IN ('p', 'u', 'x'))
     ORDER BY n.nspname, i.relname";

const STATISTICS: &str = "\
    SELECT s.oid, n.nspname::text AS schema, s.stxname::text AS name,
           pg_get_userbyid(s.stxowner)::text AS owner,
           pg_get_statisticsobjdef(s.oid) AS definition,
           nullif((to_jsonb(s) ->> 'stxstattarget')::int4, -1) AS target
      FROM pg_statistic_ext s
      JOIN pg_namespace n ON n.oid = s.stxnamespace
     ORDER BY n.nspname, s.stxname";
