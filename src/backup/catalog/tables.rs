//! Tables.

use std::collections::HashMap;
use std::fmt::Write;

use super::columns::{Column, Columns};
use super::constraints::Constraint;
use super::graph::Graph;
use super::item::{Item, Object, catalog};
use super::locks::{Form, LockedTable};
use super::sql::options;
use pgarchive::Kind;

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
        items.extend(attach(table));
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
    let is_child = is_child(table);
    for column in columns {
        let rule = not_null(column, constraints);
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
        } else if constraint.is_own_not_null() && stands_apart(columns, constraint) {
            lines.push(constraint.line());
        }
    }
    let (kind, unlogged) = match (&table.form, table.unlogged) {
        (Form::Foreign(_), _) => (Kind::ForeignTable, ""),
        (_, true) => (Kind::Table, "UNLOGGED "),
        (_, false) => (Kind::Table, ""),
    };
    let mut text = format!(
        "CREATE {unlogged}{} {} (",
        kind.words(),
        table.relation.qualified()
    );
    for (place, line) in lines.iter().enumerate() {
        let comma = if place > 0 { "," } else { "" };
        write!(text, "{comma}\n    {line}").expect("a String takes all");
    }
    text += "\n)";
    write_clauses(table, &mut text);
    text += ";\n";
    settings(table, columns, &mut text);
    let item = table.relation.item(kind, catalog::RELATION, text);
    item.with(carried)
}

/// Whether it inherits. A partition is made as a table of its own and then attached.
fn is_child(table: &LockedTable) -> bool {
    !table.parents.is_empty() && !table.is_partition()
}

/// Whether a constraint of one column cannot stand with it, because a parent brings the column.
fn stands_apart(columns: &[Column], constraint: &Constraint) -> bool {
    let mut columns = columns.iter();
    columns.any(|it| constraint.column == Some(it.number) && it.is_inherited)
}

/// What stands behind the columns of `CREATE TABLE`.
fn write_clauses(table: &LockedTable, text: &mut String) {
    if is_child(table) {
        let parents = table.parents.iter().map(|it| it.qualified.as_str());
        let parents: Vec<&str> = parents.collect();
        write!(text, "\nINHERITS ({})", parents.join(", ")).expect("a String takes all");
    }
    match &table.form {
        Form::Plain => {}
        Form::Partitioned(key) => {
            write!(text, "\nPARTITION BY {key}").expect("a String takes all");
        }
        Form::Foreign(server) => write!(text, "\n{server}").expect("a String takes all"),
    }
    if !table.options.is_empty() {
        write!(text, "\nWITH ({})", options(&table.options)).expect("a String takes all");
    }
}

/// Makes a table a partition, once both are there.
fn attach(table: &LockedTable) -> Option<Item> {
    let (bound, parent) = (table.bound.as_ref()?, table.parents.first()?);
    let relation = &table.relation;
    let definition = format!(
        "ALTER TABLE ONLY {} ATTACH PARTITION {} {bound};\n",
        parent.qualified,
        relation.qualified()
    );
    let item = Item::new(Kind::TableAttach, None, &relation.name, definition)
        .within(Some(&relation.schema), &relation.owner)
        .after(Object::relation(parent.oid))
        .after(Object::relation(relation.oid));
    Some(item)
}

/// How a column says that it takes no null.
struct NotNull {
    text: String,
    constraint: Option<Object>,
}

/// Since PostgreSQL 18 it is a constraint, with a name. A child's is its parent's, unless it has one
/// of its own, which stands in a line of its own.
fn not_null(column: &Column, constraints: &[&Constraint]) -> Option<NotNull> {
    let named = constraints
        .iter()
        .find(|it| it.is_not_null() && it.column == Some(column.number));
    match named {
        Some(named) if named.is_inline_not_null() => Some(NotNull {
            text: named.not_null(&column.name),
            constraint: Some(named.object),
        }),
        None if column.is_required() && !column.is_inherited => Some(NotNull {
            text: "NOT NULL".to_owned(),
            constraint: None,
        }),
        _ => None,
    }
}

fn settings(table: &LockedTable, columns: &[Column], text: &mut String) {
    for column in columns {
        column.settings(text);
        if column.is_inherited {
            column.settings_of_its_own(text);
        }
    }
    let name = table.relation.qualified();
    if let Some(of_type) = &table.of_type {
        writeln!(text, "ALTER TABLE ONLY {name} OF {of_type};").expect("a String takes all");
    }
    let identity = match table.replica_identity.as_str() {
        "f" => "FULL",
        "n" if !matches!(table.form, Form::Foreign(_)) => "NOTHING",
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
