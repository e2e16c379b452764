//! The statements that a restore runs, and the tables that it loads. Pure.

use std::fmt;

use crate::backup::catalog::{copied, qualified};
use pgarchive::{Entry, manifest};

/// One statement, or a few that belong together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in super::super) struct Step {
    /// Kind and name of what it makes.
    pub(super) object: String,
    pub(in super::super) sql: String,
    /// The options for a role that lacks a right for it: one of the constants below.
    pub(in super::super) without_right: &'static str,
}

/// An object without an owner of its own, or with the restoring role's.
pub(super) const WITHOUT_OBJECT: &str =
    ", or to a new database with --go-on, which leaves this out";

/// An object that is given to its owner, which may lack a right too.
pub(super) const WITHOUT_OWNER_OR_OBJECT: &str = "\
    , or with --roles ignored if its owner lacks the right, or to a new database with --go-on, which leaves this out";

/// A grant, or another statement about roles.
pub(super) const WITHOUT_ROLES: &str =
    ", or with --roles ignored, which leaves out all owners and grants";

impl Step {
    pub(super) fn of_schema(name: &str, sql: String, without_right: &'static str) -> Step {
        Step {
            object: format!("SCHEMA {name}"),
            sql,
            without_right,
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.object)
    }
}

/// Kind, schema and name of an entry's object.
pub(in super::super) fn object(entry: &Entry) -> String {
    let (kind, name) = (entry.kind, &entry.tag);
    match &entry.namespace {
        Some(schema) => format!("{kind} {schema}.{name}"),
        None => format!("{kind} {name}"),
    }
}

/// A table's rows, and how they are copied.
#[derive(Clone, Debug)]
pub(in super::super) struct Table {
    /// The manifest's record.
    pub(in super::super) saved: manifest::Table,
    /// `"schema"."name"`.
    pub(in super::super) quoted: String,
    /// The same with its columns, as COPY takes it.
    pub(in super::super) columns: String,
}

impl Table {
    pub(super) fn new(saved: &manifest::Table) -> Table {
        Table {
            saved: saved.clone(),
            quoted: qualified(&saved.schema, &saved.name),
            columns: copied(&saved.schema, &saved.name, &saved.columns),
        }
    }
}

impl fmt::Display for Table {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}.{}", self.saved.schema, self.saved.name)
    }
}
