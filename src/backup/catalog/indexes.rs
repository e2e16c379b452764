//! Indexes that belong to no constraint, and extended statistics.

use std::fmt::Write;

use tokio_postgres::Row;

use super::CatalogError;
use super::item::{Item, Named, Object, catalog};
use super::server::{Server, definition};
use super::sql::{options, qualified, quoted};
use pgarchive::Kind;

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
    let mut items = Vec::new();
    for row in server.rows(INDEXES).await? {
        items.push(index(&row)?);
    }
    items.extend(server.rows(ATTACHED).await?.iter().map(attach));
    for row in server.rows(STATISTICS).await? {
        items.push(extended(&row)?);
    }
    Ok(items)
}

fn index(row: &Row) -> Result<Item, CatalogError> {
    let state = IndexState::of(row).expect("the row has an index");
    let oid: u32 = row.get("index_oid");
    let mut definition = format!("{};\n", definition(row, "index", &state.name)?);
    // Which of them the extension made itself cannot be told.
    if row.get("of_extension") {
        definition = definition.replacen(" INDEX ", " INDEX IF NOT EXISTS ", 1);
    }
    state.write(&mut definition);
    let Named { schema, owner, .. } = &state.table;
    let item = Item::new(
        Kind::Index,
        Some(Object::relation(oid)),
        &state.name,
        definition,
    );
    let drop = format!("DROP INDEX {};\n", qualified(schema, &state.name));
    Ok(item.within(Some(schema), owner).dropped_by(drop))
}

/// Makes the index of a partition part of its parent's, once both are there.
fn attach(row: &Row) -> Item {
    let index = Named::of(row);
    let definition = format!(
        "ALTER INDEX {} ATTACH PARTITION {};\n",
        row.get::<_, &str>("parent"),
        index.qualified()
    );
    Item::new(Kind::IndexAttach, None, &index.name, definition)
        .within(Some(&index.schema), &index.owner)
        .after(Object::relation(row.get("parent_oid")))
        .after(Object::relation(index.oid))
}

fn extended(row: &Row) -> Result<Item, CatalogError> {
    let statistics = Named::of(row);
    let mut definition = format!("{};\n", definition(row, "statistics", &statistics.name)?);
    if let Some(target) = row.get::<_, Option<i32>>("target") {
        let name = statistics.qualified();
        writeln!(
            definition,
            "ALTER STATISTICS {name} SET STATISTICS {target};"
        )
        .expect("a String takes all");
    }
    Ok(statistics.item(Kind::Statistics, catalog::STATISTICS, definition))
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

/// An invalid index is left over from a `CREATE INDEX CONCURRENTLY` that failed. Of a partitioned
/// table, it is one that not all partitions have.
const INDEXES: &str = "\
    SELECT i.oid AS index_oid, i.relname::text AS index,
           pg_get_indexdef(i.oid) AS definition, '{}'::text[] AS index_options,
           x.indisclustered AS clustered, x.indisreplident AS identity,
           ARRAY(SELECT format('%s SET STATISTICS %s', a.attnum, to_jsonb(a) ->> 'attstattarget')
                   FROM pg_attribute a
                  WHERE a.attrelid = i.oid AND (to_jsonb(a) ->> 'attstattarget')::int4 >= 0
                  ORDER BY a.attnum) AS index_statistics,
           EXISTS (SELECT FROM pg_depend d
                    WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid
                      AND d.deptype = 'e') AS of_extension,
           c.oid, n.nspname::text AS schema, c.relname::text AS name,
           pg_get_userbyid(c.relowner)::text AS owner
      FROM pg_index x
      JOIN pg_class i ON i.oid = x.indexrelid
      JOIN pg_class c ON c.oid = x.indrelid
      JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE i.oid >= 16384 AND (c.relkind IN ('r', 'm') AND x.indisvalid OR c.relkind = 'p')
       AND NOT EXISTS (SELECT FROM pg_constraint k
                        WHERE k.conindid = i.oid AND k.contype IN ('p', 'u', 'x'))
     ORDER BY n.nspname, i.relname";

const ATTACHED: &str = "\
    SELECT i.oid, n.nspname::text AS schema, i.relname::text AS name,
           pg_get_userbyid(i.relowner)::text AS owner,
           p.oid AS parent_oid, format('%I.%I', m.nspname, p.relname) AS parent
      FROM pg_inherits h
      JOIN pg_class i ON i.oid = h.inhrelid
      JOIN pg_namespace n ON n.oid = i.relnamespace
      JOIN pg_class p ON p.oid = h.inhparent
      JOIN pg_namespace m ON m.oid = p.relnamespace
     WHERE i.relkind IN ('i', 'I')
     ORDER BY n.nspname, i.relname";

const STATISTICS: &str = "\
    SELECT s.oid, n.nspname::text AS schema, s.stxname::text AS name,
           pg_get_userbyid(s.stxowner)::text AS owner,
           pg_get_statisticsobjdef(s.oid) AS definition,
           nullif((to_jsonb(s) ->> 'stxstattarget')::int4, -1) AS target
      FROM pg_statistic_ext s
      JOIN pg_namespace n ON n.oid = s.stxnamespace
     ORDER BY n.nspname, s.stxname";
