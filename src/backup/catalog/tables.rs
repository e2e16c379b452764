//! Tables.

use std::collections::HashMap;

use super::columns::{Column, Columns};
use super::constraints::Constraint;
use super::declared::Declared;
use super::graph::Graph;
use super::item::{Item, Object, catalog};
use super::locks::{Form, LockedTable};
use pgarchive::Kind;

/// The statements that complete tables.
pub(super) const PARTS: &[Declared] = &[Declared::part(Kind::TableAttach, ATTACHED)];

pub(super) fn items(
    tables: &[LockedTable],
    columns: &Columns,
    constraints: &[Constraint],
    graph: &Graph,
) -> Vec<Item> {
    let mut by_table: HashMap<u32, Vec<&Constraint>> = HashMap::new();
    for constraint in constraints {
        let its = by_table.entry(constraint.table.oid).or_default();
        its.push(constraint);
    }
    let mut items = Vec::new();
    for table in tables {
        let oid = table.relation.oid;
        let columns = columns.get(&oid).map(Vec::as_slice).unwrap_or_default();
        let constraints = by_table.get(&oid).map(Vec::as_slice).unwrap_or_default();
        items.push(item(table, columns, constraints, graph));
    }
    items
}

fn item(
    table: &LockedTable,
    columns: &[Column],
    constraints: &[&Constraint],
    graph: &Graph,
) -> Item {
    let mut lines = Vec::new();
    let mut carried = Vec::new();
    let is_child = is_child(table);
    for column in columns {
        let rule = not_null(column, constraints, is_child);
        carried.extend(rule.iter().filter_map(|rule| rule.constraint));
        if column.is_inherited {
            carried.extend(column.inherited_generation());
            continue;
        }
        let (mut line, default) = column.definition(graph);
        carried.extend(default);
        if let Some(rule) = rule {
            line.extend([" ", &rule.text]);
        }
        lines.push(line);
    }
    for constraint in constraints {
        if constraint.is_inherited(is_child) {
            carried.push(constraint.object);
        } else if constraint.is_inline_check(graph) {
            carried.push(constraint.object);
            lines.push(constraint.line());
        } else if constraint.is_own_not_null() && is_apart(columns, constraint) {
            lines.push(constraint.line());
        }
    }
    let (kind, unlogged) = match (&table.form, table.unlogged) {
        (Form::Foreign(_), _) => (Kind::ForeignTable, ""),
        (_, true) => (Kind::Table, "UNLOGGED "),
        (_, false) => (Kind::Table, ""),
    };
    let name = table.relation.qualified();
    let mut text = format!("CREATE {unlogged}{kind} {name} (");
    for (place, line) in lines.iter().enumerate() {
        let comma = if place > 0 { "," } else { "" };
        text.extend([comma, "\n    ", line]);
    }
    text.extend(["\n)", &clauses(table), ";\n", &settings(table, columns)]);
    let item = table.relation.item(kind, catalog::RELATION, text);
    item.with(carried)
}

/// Whether it inherits. A partition is created as a table of its own and then attached.
fn is_child(table: &LockedTable) -> bool {
    !table.parents.is_empty() && !table.is_partition
}

/// Whether a constraint of one column cannot be part of it, because the column is inherited.
fn is_apart(columns: &[Column], constraint: &Constraint) -> bool {
    let mut columns = columns.iter();
    columns.any(|it| constraint.column == Some(it.number) && it.is_inherited)
}

/// The clauses after the columns of `CREATE TABLE`.
fn clauses(table: &LockedTable) -> String {
    let mut text = String::new();
    if is_child(table) {
        text.extend([format!("\nINHERITS ({})", table.parents.join(", "))]);
    }
    match &table.form {
        Form::Plain => {}
        Form::Partitioned(key) => text.extend(["\nPARTITION BY ", key]),
        Form::Foreign(server) => text.extend(["\n", server]),
    }
    if let Some(options) = &table.options {
        text.extend(["\nWITH (", options, ")"]);
    }
    text
}

/// The `NOT NULL` of a column.
struct NotNull {
    text: String,
    constraint: Option<Object>,
}

/// Since PostgreSQL 18 it is a constraint with a name. A child inherits its parent's, unless it has one
/// of its own, which has its own line.
fn not_null(column: &Column, constraints: &[&Constraint], is_child: bool) -> Option<NotNull> {
    let named = constraints
        .iter()
        .find(|it| it.is_not_null() && it.column == Some(column.number));
    match named {
        Some(named) if named.is_inherited(is_child) => None,
        Some(named) if named.is_inline_not_null() => Some(NotNull {
            text: named.not_null(),
            constraint: Some(named.object),
        }),
        None if column.is_required() && !column.is_inherited => Some(NotNull {
            text: "NOT NULL".to_owned(),
            constraint: None,
        }),
        _ => None,
    }
}

fn settings(table: &LockedTable, columns: &[Column]) -> String {
    let mut text = String::new();
    for column in columns {
        text += &column.settings();
        if column.is_inherited {
            text += &column.settings_of_its_own();
        }
    }
    let name = table.relation.qualified();
    if let Some(of_type) = &table.of_type {
        text.extend([format!("ALTER TABLE ONLY {name} OF {of_type};\n")]);
    }
    let identity = match table.replica_identity.as_str() {
        "f" => "FULL",
        "n" if !matches!(table.form, Form::Foreign(_)) => "NOTHING",
        // The definition of an index contains its own.
        _ => "",
    };
    if !identity.is_empty() {
        text.extend([format!(
            "ALTER TABLE ONLY {name} REPLICA IDENTITY {identity};\n"
        )]);
    }
    if table.forced_row_security {
        text.extend([format!(
            "ALTER TABLE ONLY {name} FORCE ROW LEVEL SECURITY;\n"
        )]);
    }
    text
}

/// Makes a table a partition.
const ATTACHED: &str = "\
    SELECT c.tableoid, c.oid, c.relnamespace, c.relowner, c.relname, NULL,
           format('ALTER TABLE ONLY %I.%I ATTACH PARTITION %I.%I ', m.nspname, p.relname, n.nspname, c.relname)
             || pg_get_expr(c.relpartbound, c.oid) || ';', p.oid
      FROM pg_class c
      JOIN pg_namespace n ON n.oid = c.relnamespace
      JOIN pg_inherits h ON h.inhrelid = c.oid
      JOIN pg_class p ON p.oid = h.inhparent
      JOIN pg_namespace m ON m.oid = p.relnamespace
     WHERE c.relispartition AND c.relkind IN ('r', 'p', 'f')";
