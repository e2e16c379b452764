//! What a restore runs and loads. Pure.

use std::fmt;

use crate::backup::catalog::{copied, quoted};
use pgarchive::{Kind, manifest};

/// One statement, or a few that belong together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Step {
    /// The kind of what it makes.
    pub(super) kind: Kind,
    /// Its name within its schema.
    pub(super) name: String,
    /// Its schema.
    pub(super) schema: Option<String>,
    /// The statements.
    pub(super) sql: String,
}

impl Step {
    pub(super) fn of_schema(name: &str, sql: String) -> Step {
        Step {
            kind: Kind::Schema,
            name: name.to_owned(),
            schema: None,
            sql,
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.schema {
            Some(schema) => write!(formatter, "{} {schema}.{}", self.kind, self.name),
            None => write!(formatter, "{} {}", self.kind, self.name),
        }
    }
}

/// A table's rows, and how they go in and out.
#[derive(Clone, Debug)]
pub(super) struct Table {
    /// What the backup has.
    pub(super) saved: manifest::Table,
    /// `"schema"."name"`.
    pub(super) quoted: String,
    /// The same with its columns, as COPY takes it.
    pub(super) columns: String,
}

impl Table {
    pub(super) fn new(saved: &manifest::Table) -> Table {
        let quoted_name = format!("{}.{}", quoted(&saved.schema), quoted(&saved.name));
        Table {
            saved: saved.clone(),
            columns: copied(&saved.schema, &saved.name, &saved.columns),
            quoted: quoted_name,
        }
    }
}

impl fmt::Display for Table {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}.{}", self.saved.schema, self.saved.name)
    }
}
