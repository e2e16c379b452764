//! The entries that are restored, and the tables that they fill. Pure.

use std::collections::BTreeMap;

use super::super::error::RestoreError;
use super::step::Table;
use pgarchive::manifest::Manifest;
use pgarchive::{Entry, Kind};

/// All entries but those about the database itself, which `pg_restore` too skips without `--create`: an
/// existing target keeps its own properties.
pub(in super::super) fn restored(entries: &[Entry]) -> impl Iterator<Item = &Entry> {
    entries.iter().filter(|it| is_restored(it))
}

pub(super) fn is_restored(entry: &Entry) -> bool {
    entry.kind != Kind::Database && !is_about_database(entry)
}

/// The entries about the database itself, but the one that makes it.
pub(super) fn about_database(entries: &[Entry]) -> impl Iterator<Item = &Entry> {
    entries.iter().filter(|it| is_about_database(it))
}

fn is_about_database(entry: &Entry) -> bool {
    match entry.kind {
        Kind::DatabaseProperties => true,
        Kind::Acl | Kind::Comment => entry.tag.starts_with("DATABASE "),
        _ => false,
    }
}

/// The tables whose rows are loaded, in the archive's order. The archive and the manifest must have the rows of
/// the same tables, each once.
pub(super) fn tables(entries: &[Entry], manifest: &Manifest) -> Result<Vec<Table>, RestoreError> {
    let contradictory = |(schema, name)| {
        RestoreError::Failed(format!(
            "the archive and the manifest do not both have the rows of {schema}.{name} exactly once, so \
             the backup's files do not belong together; restore another backup"
        ))
    };
    let mut listed = BTreeMap::new();
    for table in &manifest.tables {
        let name = (table.schema.as_str(), table.name.as_str());
        if listed.insert(name, table).is_some() {
            return Err(contradictory(name));
        }
    }
    let data = entries.iter().filter(|it| it.kind == Kind::TableData);
    let tables = data.map(|entry| {
        let name = (
            entry.namespace.as_deref().unwrap_or_default(),
            entry.tag.as_str(),
        );
        let saved = listed.remove(&name);
        saved.map(Table::new).ok_or_else(|| contradictory(name))
    });
    let tables = tables.collect::<Result<Vec<Table>, RestoreError>>()?;
    match listed.pop_first() {
        None => Ok(tables),
        Some((name, _)) => Err(contradictory(name)),
    }
}
