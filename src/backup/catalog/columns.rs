//! The columns of tables and views.

use std::collections::HashMap;

use tokio_postgres::Row;

use super::CatalogError;
use super::graph::Graph;
use super::item::{Item, Named, Object, catalog};
use super::server::Server;
use super::sql::quoted;
use pgarchive::Kind;

pub(super) struct Column {
    relation: Named,
    /// The words of ALTER for the relation, with ONLY where that is possible.
    relation_words: &'static str,
    is_of_view: bool,
    /// Whether it comes from a parent only.
    pub(super) is_inherited: bool,
    pub(super) number: i32,
    pub(super) name: String,
    data_type: String,
    collation: Option<String>,
    nulls: Nulls,
    /// The number and text of its default, or of the expression that generates it.
    default: Option<(Object, String)>,
    /// `s` for stored, `v` for virtual, or empty.
    generated: String,
    /// The actions of ALTER COLUMN for its storage, compression, statistics and options.
    settings: Vec<String>,
    foreign_options: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Nulls {
    Allowed,
    /// By a property of the column.
    Rejected,
    /// By a constraint with a name, since version 18.
    RejectedByConstraint,
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

/// The names of each relation's columns, in order.
pub(super) fn names(columns: &Columns) -> HashMap<u32, Vec<String>> {
    let names = |columns: &Vec<Column>| columns.iter().map(|it| it.name.clone()).collect();
    let columns = columns.iter();
    columns.map(|(oid, them)| (*oid, names(them))).collect()
}

/// The defaults with entries of their own.
pub(super) fn defaults(columns: &Columns, graph: &Graph) -> Vec<Item> {
    let columns = columns.values().flatten();
    columns
        .filter_map(|column| column.default_apart(graph))
        .collect()
}

impl Column {
    /// NULL of its type under its name, for the query of a view.
    pub(super) fn null(&self) -> String {
        let mut text = format!("NULL::{}", self.data_type);
        if let Some(collation) = &self.collation {
            text.extend([" COLLATE ", collation]);
        }
        text.extend([" AS ", &quoted(&self.name)]);
        text
    }

    fn of(row: &Row) -> Column {
        let default: Option<u32> = row.get("default_oid");
        let object = default.map(|oid| Object {
            catalog: catalog::ATTRIBUTE_DEFAULT,
            oid,
        });
        let relation_kind: &str = row.get("relation_kind");
        Column {
            relation: Named::of(row),
            relation_words: match relation_kind {
                "m" => "MATERIALIZED VIEW",
                "f" => "FOREIGN TABLE ONLY",
                _ => "TABLE ONLY",
            },
            is_of_view: ["v", "m"].contains(&relation_kind),
            is_inherited: row.get("inherited"),
            number: row.get("number"),
            name: row.get("column"),
            data_type: row.get("type"),
            collation: row.get("collation"),
            nulls: match (row.get("required"), row.get("required_by_constraint")) {
                (false, _) => Nulls::Allowed,
                (true, false) => Nulls::Rejected,
                (true, true) => Nulls::RejectedByConstraint,
            },
            default: object.zip(row.get("expression")),
            generated: row.get("generated"),
            settings: row.get("settings"),
            foreign_options: row.get("foreign_options"),
        }
    }

    /// Generated columns are not copied.
    pub(super) fn is_copied(&self) -> bool {
        self.generated.is_empty()
    }

    pub(super) fn is_required(&self) -> bool {
        self.nulls != Nulls::Allowed
    }

    /// The expression that generates it, which is inherited with the column.
    pub(super) fn inherited_generation(&self) -> Option<Object> {
        let (object, _) = self.default.as_ref()?;
        (!self.is_copied()).then_some(*object)
    }

    /// The differences of a child from its parents: `NOT NULL`, or no default.
    pub(super) fn settings_of_its_own(&self) -> String {
        let mut text = String::new();
        if self.nulls == Nulls::Rejected {
            text += &self.alter("SET NOT NULL");
        }
        if self.default.is_none() {
            text += &self.alter("DROP DEFAULT");
        }
        text
    }

    /// Its definition in `CREATE TABLE`, and the default in it.
    pub(super) fn definition(&self, graph: &Graph) -> (String, Option<Object>) {
        let mut text = format!("{} {}", quoted(&self.name), self.data_type);
        if let Some(options) = &self.foreign_options {
            text.extend([" OPTIONS (", options, ")"]);
        }
        if let Some(collation) = &self.collation {
            text.extend([" COLLATE ", collation]);
        }
        let Some((object, expression)) = &self.default else {
            return (text, None);
        };
        let clause = match self.generated.as_str() {
            "s" => format!(" GENERATED ALWAYS AS ({expression}) STORED"),
            "v" => format!(" GENERATED ALWAYS AS ({expression}) VIRTUAL"),
            _ if self.is_apart(*object, graph) => return (text, None),
            _ => format!(" DEFAULT {expression}"),
        };
        text += &clause;
        (text, Some(*object))
    }

    /// A default that needs the table, or a sequence that the table does not own, is not part of the table. Nor
    /// is a user's in a table of an extension.
    fn is_apart(&self, default: Object, graph: &Graph) -> bool {
        let table = Object::relation(self.relation.oid);
        let mut needed = graph.needs(default).filter(|needed| *needed != table);
        self.is_of_view
            || self.is_inherited
            || graph.extension(table).is_some()
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
        let table = self.relation.qualified();
        let column = quoted(&self.name);
        let tag = format!("{} {}", self.relation.name, self.name);
        let definition =
            format!("ALTER TABLE ONLY {table} ALTER COLUMN {column} SET DEFAULT {expression};\n");
        let drop = format!("ALTER TABLE {table} ALTER COLUMN {column} DROP DEFAULT;\n");
        let item = self
            .relation
            .part(Kind::Default, Some(*object), &tag, definition);
        Some(item.dropped_by(drop))
    }

    /// The settings that need statements of their own.
    pub(super) fn settings(&self) -> String {
        self.settings.iter().map(|it| self.alter(it)).collect()
    }

    fn alter(&self, action: &str) -> String {
        let (words, table) = (self.relation_words, self.relation.qualified());
        let column = quoted(&self.name);
        format!("ALTER {words} {table} ALTER COLUMN {column} {action};\n")
    }
}

/// Older servers lack some attributes. Read from the row as JSON, those are null. Since the minor versions of late 2026,
/// a server keeps a number of its own in the option `pg_attver`, which is not a definition; `pg_dump` omits
/// it too.
const COLUMNS: &str = "\
    SELECT c.oid, n.nspname::text AS schema, c.relname::text AS name,
           pg_get_userbyid(c.relowner)::text AS owner, c.relkind::text AS relation_kind,
           NOT c.relispartition AND NOT a.attislocal AS inherited,
           a.attnum::int4 AS number, a.attname::text AS column,
           format_type(a.atttypid, a.atttypmod) AS type,
           CASE WHEN a.attcollation <> t.typcollation
                THEN (SELECT format('%I.%I', l.nspname, k.collname)
                        FROM pg_collation k JOIN pg_namespace l ON l.oid = k.collnamespace
                       WHERE k.oid = a.attcollation) END AS collation,
           a.attnotnull AS required,
           current_setting('server_version_num')::int4 >= 180000 AS required_by_constraint,
           d.oid AS default_oid, pg_get_expr(d.adbin, d.adrelid) AS expression,
           coalesce(to_jsonb(a) ->> 'attgenerated', '') AS generated,
           array_remove(ARRAY[
             CASE WHEN a.attstorage <> t.typstorage
                  THEN CASE a.attstorage WHEN 'p' THEN 'SET STORAGE PLAIN'
                                         WHEN 'e' THEN 'SET STORAGE EXTERNAL'
                                         WHEN 'm' THEN 'SET STORAGE MAIN'
                                         ELSE 'SET STORAGE EXTENDED' END END,
             CASE to_jsonb(a) ->> 'attcompression' WHEN 'p' THEN 'SET COMPRESSION pglz'
                                                   WHEN 'l' THEN 'SET COMPRESSION lz4' END,
             'SET STATISTICS ' || nullif((to_jsonb(a) ->> 'attstattarget')::int4, -1),
             'SET (' || (SELECT string_agg(o, ', ') FROM unnest(a.attoptions) o
                          WHERE left(o, 10) <> 'pg_attver=') || ')'], NULL) AS settings,
           (SELECT string_agg(format('%I %L', o.option_name, o.option_value), ', ')
              FROM pg_options_to_table(a.attfdwoptions) o) AS foreign_options
      FROM pg_attribute a
      JOIN pg_class c ON c.oid = a.attrelid
      JOIN pg_namespace n ON n.oid = c.relnamespace
      JOIN pg_type t ON t.oid = a.atttypid
      LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
     WHERE c.oid >= 16384 AND c.relkind IN ('r', 'p', 'f', 'v', 'm') AND a.attnum > 0
       AND NOT a.attisdropped
     ORDER BY c.oid, a.attnum";
