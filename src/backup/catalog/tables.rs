//! Tables.

use std::collections::HashMap;
use std::fmt::Write;

use super::columns::{Column, Columns};
use super::constraints::Constraint;
use super::graph::Graph;
use super::item::{Item, Kind, Object, catalog};
use super::locks::LockedTable;
use super::sql::{options, quoted};

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
        if table.row_security {
            items.push(row_security(table));
        }
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
    for column in columns {
        let (mut line, default) = column.definition(graph);
        carried.extend(default);
        if let Some(rule) = not_null(column, constraints) {
            carried.extend(rule.constraint);
            line.extend([" ", &rule.text]);
        }
        lines.push(line);
    }
    for check in constraints {
        if check.is_inline_check(graph) {
            carried.push(check.object);
            let name = quoted(&check.name);
            lines.push(format!("CONSTRAINT {name} {}", check.definition));
        }
    }
    let unlogged = if table.unlogged { "UNLOGGED " } else { "" };
    let mut text = format!("CREATE {unlogged}TABLE {} (", table.relation.qualified());
    for (place, line) in lines.iter().enumerate() {
        let comma = if place > 0 { "," } else { "" };
        write!(text, "{comma}\n    {line}").expect("a String takes all");
    }
    text += "\n)";
    if !table.options.is_empty() {
        write!(text, "\nWITH ({})", options(&table.options)).expect("a String takes all");
    }
    text += ";\n";
    settings(table, columns, &mut text);
    let item = table.relation.item(Kind::Table, catalog::RELATION, text);
    item.with(carried)
}

/// How a column says that it takes no null.
struct NotNull {
    text: String,
    constraint: Option<Object>,
}

/// Since PostgreSQL 18 it is a constraint, with a name.
fn not_null(column: &Column, constraints: &[&Constraint]) -> Option<NotNull> {
    let named = constraints
        .iter()
        .find(|it| it.is_not_null() && it.column == Some(column.number));
    match named {
        Some(named) if named.is_inline_not_null() => Some(NotNull {
            text: named.not_null(&column.name),
            constraint: Some(named.object),
        }),
        None if column.required => Some(NotNull {
            text: "NOT NULL".to_owned(),
            constraint: None,
        }),
        _ => None,
    }
}

fn settings(table: &LockedTable, columns: &[Column], text: &mut String) {
    for column in columns {
        column.settings(text);
    }
    let name = table.relation.qualified();
    let identity = match table.replica_identity.as_str() {
        "f" => "FULL",
        "n" => "NOTHING",
        // An index says so itself.
        _ => "",
    };
    if !identity.is_empty() {
        writeln!(text, "ALTER TABLE ONLY {name} REPLICA IDENTITY {identity};")
            .expect("a String takes all");
    }
    if table.forced_row_security {
        writeln!(text, "ALTER TABLE ONLY {name} FORCE ROW LEVEL SECURITY;")
            .expect("a String takes all");
    }
}

fn row_security(table: &LockedTable) -> Item {
    let relation = &table.relation;
    let definition = format!(
        "ALTER TABLE {} ENABLE ROW LEVEL SECURITY;\n",
        relation.qualified()
    );
    Item::new(Kind::RowSecurity, None, &relation.name, definition)
        .within(Some(&relation.schema), &relation.owner)
        .after(Object::relation(relation.oid))
}
