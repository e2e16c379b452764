//! The columns of tables and views.

use std::collections::HashMap;
use std::fmt::Write;

use tokio_postgres::Row;

use super::CatalogError;
use super::graph::Graph;
use super::item::{Item, Kind, Named, Object, catalog};
use super::server::Server;
use super::sql::quoted;

/// A column.
pub(super) struct Column {
    /// The table or view that has it.
    relation: Named,
    is_table: bool,
    pub(super) number: i32,
    pub(super) name: String,
    data_type: String,
    collation: Option<String>,
    pub(super) required: bool,
    /// The number and text of its default, or of what generates it.
    default: Option<(Object, String)>,
    /// `s` for stored, `v` for virtual, or nothing.
    generated: String,
    storage: Option<String>,
    compression: Option<String>,
    statistics: Option<i32>,
    options: Option<String>,
}

/// The columns of each relation, in order.
pub(super) type Columns = HashMap<u32, Vec<Column>>;

pub(super) async fn read(server: &Server<'_>) -> Result<Columns, CatalogError> {
    let mut columns = Columns::new();
    for row in server.rows(COLUMNS).await? {
        let column = Column::of(&row);
        columns.entry(column.relation.oid).or_default().push(column);
    }
    Ok(columns)
}

/// The defaults that stand in entries of their own.
pub(super) fn defaults(columns: &Columns, graph: &Graph) -> Vec<Item> {
    let columns = columns.values().flatten();
    columns
        .filter_map(|column| column.default_apart(graph))
        .collect()
}

impl Column {
    fn of(row: &Row) -> Column {
        let default: Option<u32> = row.get("default_oid");
        let object = default.map(|oid| Object {
            catalog: catalog::ATTRIBUTE_DEFAULT,
            oid,
        });
        Column {
            relation: Named::of(row),
            is_table: row.get("is_table"),
            number: row.get("number"),
            name: row.get("column"),
            data_type: row.get("type"),
            collation: row.get("collation"),
            required: row.get("required"),
            default: object.zip(row.get("expression")),
            generated: row.get("generated"),
            storage: row.get("storage"),
            compression: row.get("compression"),
            statistics: row.get("statistics"),
            options: row.get("options"),
        }
    }

    /// Whether its values are copied.
    pub(super) fn is_copied(&self) -> bool {
        self.generated.is_empty()
    }

    /// As `CREATE TABLE` takes it, and the default that is carried by that.
    pub(super) fn definition(&self, graph: &Graph) -> (String, Option<Object>) {
        let mut text = format!("{} {}", quoted(&self.name), self.data_type);
        if let Some(collation) = &self.collation {
            text.extend([" COLLATE ", collation]);
        }
        let Some((object, expression)) = &self.default else {
            return (text, None);
        };
        match self.generated.as_str() {
            "s" => write!(text, " GENERATED ALWAYS AS ({expression}) STORED"),
            "v" => write!(text, " GENERATED ALWAYS AS ({expression}) VIRTUAL"),
            _ if self.is_apart(*object, graph) => return (text, None),
            _ => write!(text, " DEFAULT {expression}"),
        }
        .expect("a String takes all");
        (text, Some(*object))
    }

    /// A default that needs the table, or a sequence that may be any table's, cannot come with it.
    fn is_apart(&self, default: Object, graph: &Graph) -> bool {
        let table = Object::relation(self.relation.oid);
        let mut needed = graph.needs(default).filter(|needed| *needed != table);
        !self.is_table
            || needed.any(|it| {
                let owned = it.catalog == catalog::RELATION && !graph.is_independent(it);
                owned || graph.reaches(it, table)
            })
    }

    fn default_apart(&self, graph: &Graph) -> Option<Item> {
        let (object, expression) = self.default.as_ref()?;
        if !self.is_copied() || !self.is_apart(*object, graph) {
            return None;
        }
        let Named { schema, owner, .. } = &self.relation;
        let table = self.relation.qualified();
        let column = quoted(&self.name);
        let tag = format!("{} {}", self.relation.name, self.name);
        let definition =
            format!("ALTER TABLE ONLY {table} ALTER COLUMN {column} SET DEFAULT {expression};\n");
        let drop = format!("ALTER TABLE {table} ALTER COLUMN {column} DROP DEFAULT;\n");
        let item = Item::new(Kind::Default, Some(*object), &tag, definition);
        Some(item.within(Some(schema), owner).dropped_by(drop))
    }

    /// What can only be set when it is there.
    pub(super) fn settings(&self, text: &mut String) {
        let mut set = |what: &str| {
            let table = self.relation.qualified();
            let column = quoted(&self.name);
            let relation = if self.is_table {
                "TABLE ONLY"
            } else {
                "MATERIALIZED VIEW"
            };
            writeln!(
                text,
                "ALTER {relation} {table} ALTER COLUMN {column} {what};"
            )
            .expect("a String takes all");
        };
        if let Some(storage) = &self.storage {
            set(&format!("SET STORAGE {storage}"));
        }
        if let Some(method) = &self.compression {
            set(&format!("SET COMPRESSION {method}"));
        }
        if let Some(target) = self.statistics {
            set(&format!("SET STATISTICS {target}"));
        }
        if let Some(options) = &self.options {
            set(&format!("SET ({options})"));
        }
    }
}

/// Some attributes are younger than the oldest server: read from the row as JSON, they are null
/// there.
const COLUMNS: &str = "\
    SELECT c.oid, n.nspname::text AS schema, c.relname::text AS name,
           pg_get_userbyid(c.relowner)::text AS owner, c.relkind = 'r' AS is_table,
           a.attnum::int4 AS number, a.attname::text AS column,
           format_type(a.atttypid, a.atttypmod) AS type,
           CASE WHEN a.attcollation <> t.typcollation
                THEN (SELECT format('%I.%I', l.nspname, k.collname)
                        FROM pg_collation k JOIN pg_namespace l ON l.oid = k.collnamespace
                       WHERE k.oid = a.attcollation) END AS collation,
           a.attnotnull AS required,
           d.oid AS default_oid, pg_get_expr(d.adbin, d.adrelid) AS expression,
           coalesce(to_jsonb(a) ->> 'attgenerated', '') AS generated,
           CASE WHEN a.attstorage <> t.typstorage
                THEN CASE a.attstorage WHEN 'p' THEN 'PLAIN' WHEN 'e' THEN 'EXTERNAL'
                                       WHEN 'm' THEN 'MAIN' ELSE 'EXTENDED' END
            END AS storage,
           CASE to_jsonb(a) ->> 'attcompression' WHEN 'p' THEN 'pglz' WHEN 'l' THEN 'lz4'
            END AS compression,
           nullif((to_jsonb(a) ->> 'attstattarget')::int4, -1) AS statistics,
           array_to_string(a.attoptions, ', ') AS options
      FROM pg_attribute a
      JOIN pg_class c ON c.oid = a.attrelid
      JOIN pg_namespace n ON n.oid = c.relnamespace
      JOIN pg_type t ON t.oid = a.atttypid
      LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
     WHERE c.oid >= 16384 AND c.relkind IN ('r', 'v', 'm') AND a.attnum > 0
       AND NOT a.attisdropped
     ORDER BY c.oid, a.attnum";
