//! Indexes without a constraint, and extended statistics.

use tokio_postgres::Row;

use super::CatalogError;
use super::declared::{self, Declared};
use super::item::{Item, Named, Object};
use super::server::{Server, definition};
use super::sql::{options, qualified, quoted};
use pgarchive::Kind;

/// The state of an index, also of a constraint's, that is not part of its definition.
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
    items.extend(declared::read(server, &[Declared::whole(Kind::Statistics, STATISTICS)]).await?);
    Ok(items)
}

fn index(row: &Row) -> Result<Item, CatalogError> {
    let state = IndexState::of(row).expect("the row has an index");
    let oid: u32 = row.get("index_oid");
    let mut definition = format!("{};\n", definition(row, "index", &state.name)?);
    // The extension may have created it; `pg_depend` does not tell.
    if row.get("of_extension") {
        definition = definition.replacen(" INDEX ", " INDEX IF NOT EXISTS ", 1);
    }
    definition += &state.statements();
    let drop = qualified(&state.table.schema, &state.name);
    let object = Some(Object::relation(oid));
    Ok(state
        .table
        .part(Kind::Index, object, &state.name, definition)
        .dropped_by(format!("DROP INDEX {drop};\n")))
}

/// Makes the index of a partition part of its parent's, once both exist.
fn attach(row: &Row) -> Item {
    let index = Named::of(row);
    let definition = format!(
        "ALTER INDEX {} ATTACH PARTITION {};\n",
        row.get::<_, &str>("parent"),
        index.qualified()
    );
    index
        .part(Kind::IndexAttach, None, &index.name, definition)
        .after(Object::relation(row.get("parent_oid")))
        .after(Object::relation(index.oid))
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

    /// The statements that set its state, after its definition.
    pub(super) fn statements(&self) -> String {
        let (table, name) = (self.table.qualified(), quoted(&self.name));
        let index = qualified(&self.table.schema, &self.name);
        let mut text = String::new();
        if !self.options.is_empty() {
            let options = options(&self.options);
            text.extend([format!("ALTER INDEX {index} SET ({options});\n")]);
        }
        for column in &self.statistics {
            text.extend([format!("ALTER INDEX {index} ALTER COLUMN {column};\n")]);
        }
        if self.clustered {
            text.extend([format!("ALTER TABLE {table} CLUSTER ON {name};\n")]);
        }
        if self.identity {
            text.extend([format!(
                "ALTER TABLE ONLY {table} REPLICA IDENTITY USING INDEX {name};\n"
            )]);
        }
        text
    }
}

/// An invalid index is the remains of a failed `CREATE INDEX CONCURRENTLY`. On a partitioned table, it is an
/// index that some partitions lack.
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
    SELECT s.tableoid, s.oid, s.stxnamespace, s.stxowner, s.stxname, NULL,
           pg_get_statisticsobjdef(s.oid) || ';'
             || coalesce(format(E'\\nALTER STATISTICS %I.%I SET STATISTICS ', n.nspname, s.stxname)
                         || nullif((to_jsonb(s) ->> 'stxstattarget')::int4, -1) || ';', '')
      FROM pg_statistic_ext s
      JOIN pg_namespace n ON n.oid = s.stxnamespace";
