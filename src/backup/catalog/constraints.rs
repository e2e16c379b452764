//! The constraints of tables.

use tokio_postgres::Row;

use super::CatalogError;
use super::graph::Graph;
use super::indexes::index_state;
use super::item::{Item, Named, Object, catalog};
use super::server::{Server, definition};
use super::sql::{quoted, storage_options};
use pgarchive::Kind;

pub(super) struct Constraint {
    pub(super) object: Object,
    pub(super) name: String,
    pub(super) table: Named,
    /// As in `pg_constraint.contype`.
    kind: String,
    /// Without the name.
    pub(super) definition: String,
    validated: bool,
    no_inherit: bool,
    origin: Origin,
    of_partition: bool,
    /// `ONLY `, unless the constraint extends to the children of the table.
    only: String,
    /// The number of its only column.
    pub(super) column: Option<i32>,
    /// The statements that set the state of its index, each after a newline.
    index_state: String,
}

/// Where a constraint comes from.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Origin {
    Local,
    /// A parent of the table defines it.
    Parent,
    /// It is part of a foreign key that a parent of the table defines.
    ForeignKeyOfParent,
}

pub(super) async fn read(server: &Server<'_>) -> Result<Vec<Constraint>, CatalogError> {
    let rows = server.rows(CONSTRAINTS).await?;
    rows.iter().map(Constraint::of).collect()
}

/// The constraints that are neither part of the definitions of their tables nor inherited.
pub(super) fn items(constraints: &[Constraint], graph: &Graph) -> Vec<Item> {
    constraints
        .iter()
        .filter(|it| !it.is_inline_check(graph) && !it.is_inline_not_null())
        .filter(|it| it.is_separate())
        .map(Constraint::item)
        .collect()
}

impl Constraint {
    fn of(row: &Row) -> Result<Constraint, CatalogError> {
        let name: String = row.get("constraint_name");
        let definition = definition(row, "constraint", &name)?.to_owned();
        Ok(Constraint {
            object: Object {
                catalog: catalog::CONSTRAINT,
                oid: row.get("constraint"),
            },
            name,
            table: Named::of(row),
            kind: row.get("kind"),
            definition,
            validated: row.get("validated"),
            no_inherit: row.get("no_inherit"),
            origin: match (row.get("follows"), row.get("is_local")) {
                (true, _) => Origin::ForeignKeyOfParent,
                (false, true) => Origin::Local,
                (false, false) => Origin::Parent,
            },
            of_partition: row.get("of_partition"),
            only: row.get("only"),
            column: row.get("column"),
            index_state: row.get("index_state"),
        })
    }

    fn is_local(&self) -> bool {
        self.origin == Origin::Local
    }

    /// Whether a statement of its own creates it. The key of a partition is created, and then attached to
    /// its parent's.
    fn is_separate(&self) -> bool {
        match self.origin {
            Origin::Local => true,
            Origin::Parent => !self.is_inheritable(),
            Origin::ForeignKeyOfParent => false,
        }
    }

    /// Children inherit checks and NOT NULL.
    fn is_inheritable(&self) -> bool {
        self.kind == "c" || self.kind == "n"
    }

    /// Whether a table that is created as a child inherits it. A partition is created with the constraints
    /// of its parent, and then attached.
    pub(super) fn is_inherited(&self, is_child: bool) -> bool {
        is_child && self.is_inheritable() && !self.is_local()
    }

    /// A line of `CREATE TABLE`.
    pub(super) fn line(&self) -> String {
        format!("CONSTRAINT {} {}", quoted(&self.name), self.definition)
    }

    /// A NOT NULL that is not inherited.
    pub(super) fn is_own_not_null(&self) -> bool {
        self.is_inline_not_null() && self.is_local()
    }

    /// A check is part of its table, unless it needs a function that needs the table, is valid for new rows
    /// only, or is a user's on a table of an extension.
    pub(super) fn is_inline_check(&self, graph: &Graph) -> bool {
        let table = Object::relation(self.table.oid);
        let mut needed = graph.needs(self.object).filter(|needed| *needed != table);
        let is_here = self.is_local() || self.of_partition;
        let is_here = is_here && graph.extension(table).is_none();
        self.kind == "c" && self.validated && is_here && !needed.any(|it| graph.reaches(it, table))
    }

    pub(super) fn is_inline_not_null(&self) -> bool {
        self.kind == "n" && self.validated
    }

    /// Also a NOT NULL that is valid for new rows only.
    pub(super) fn is_not_null(&self) -> bool {
        self.kind == "n"
    }

    /// `NOT NULL` in the definition of its column. The name that the server would choose depends on the other names
    /// of the schema.
    pub(super) fn not_null(&self) -> String {
        let inherit = if self.no_inherit { " NO INHERIT" } else { "" };
        format!("CONSTRAINT {} NOT NULL{inherit}", quoted(&self.name))
    }

    fn item(&self) -> Item {
        let kind = match self.kind.as_str() {
            "f" => Kind::ForeignKey,
            "c" => Kind::CheckConstraint,
            _ => Kind::Constraint,
        };
        let table = self.table.qualified();
        let name = quoted(&self.name);
        let Constraint {
            only,
            definition,
            index_state,
            ..
        } = self;
        let definition = format!(
            "ALTER TABLE {only}{table}\n    ADD CONSTRAINT {name} {definition};{index_state}\n"
        );
        let tag = format!("{} {}", self.table.name, self.name);
        self.table
            .part(kind, Some(self.object), &tag, definition)
            .dropped_by(format!(
                "ALTER TABLE {only}{table} DROP CONSTRAINT {name};\n"
            ))
    }
}

/// Constraint triggers are triggers. The server writes the options of an index into the definition of an exclusion
/// only, and no other statement can set those of a partitioned index. A validated NOT NULL counts as the child's own
/// if no parent's is validated, because it would be inherited as those are.
const CONSTRAINTS: &str = concat!(
    "SELECT k.oid AS constraint, k.conname::text AS constraint_name, k.contype::text AS kind,
            left(d.text, length(d.text) - length(d.ending)) || coalesce(' WITH (' || ",
    storage_options!(
        "CASE WHEN k.contype <> 'x' THEN i.reloptions END",
        "NULL::text[]"
    ),
    "        || ')', '') || d.ending AS definition,
            k.convalidated AS validated, k.connoinherit AS no_inherit,
            k.conislocal
              OR k.contype = 'n' AND k.convalidated
                 AND coalesce((SELECT bool_and(NOT p.convalidated)
                                 FROM pg_inherits h
                                 JOIN pg_constraint p ON p.conrelid = h.inhparent AND p.contype = 'n'
                                 JOIN pg_attribute b ON b.attrelid = p.conrelid AND b.attnum = p.conkey[1]
                                 JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = k.conkey[1]
                                WHERE h.inhrelid = k.conrelid AND a.attname = b.attname), false) AS is_local,
            k.contype = 'f' AND k.conparentid <> 0 AS follows,
            c.relispartition AS of_partition,
            CASE WHEN k.contype IN ('c', 'n') OR k.contype = 'f' AND c.relkind = 'p' THEN ''
                 ELSE 'ONLY ' END AS only,
            CASE WHEN array_length(k.conkey, 1) = 1 THEN k.conkey[1]::int4 END AS column,
            c.oid, n.nspname::text AS schema, c.relname::text AS name,
            pg_get_userbyid(c.relowner)::text AS owner,
            ",
    index_state!(),
    "         AS index_state
       FROM pg_constraint k
       JOIN pg_class c ON c.oid = k.conrelid
       JOIN pg_namespace n ON n.oid = c.relnamespace
       LEFT JOIN pg_class i ON i.oid = k.conindid AND k.contype IN ('p', 'u', 'x')
       LEFT JOIN pg_index x ON x.indexrelid = i.oid
      CROSS JOIN LATERAL (SELECT
            pg_get_constraintdef(k.oid),
            concat(CASE WHEN k.contype IN ('p', 'u') AND k.condeferrable THEN ' DEFERRABLE' END,
                   CASE WHEN k.contype IN ('p', 'u') AND k.condeferred THEN ' INITIALLY DEFERRED' END)
            ) AS d (text, ending)
      WHERE k.oid >= 16384 AND c.relkind IN ('r', 'p', 'f') AND k.contype <> 't'
      ORDER BY n.nspname, c.relname, k.conname"
);
