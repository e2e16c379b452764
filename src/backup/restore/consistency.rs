//! Whether an archive and its manifest belong together. Pure.

use std::collections::BTreeSet;

use thiserror::Error;

use pgarchive::manifest::{self, FORMAT, Manifest};
use pgarchive::{Entry, Kind};

/// Why a backup cannot be planned.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum PlanError {
    /// A newer program wrote it.
    #[error(
        "the backup's manifest has format {0}, and this program knows {FORMAT}; restore with the \
         magnusapi version that wrote it or a later one, or with pg_restore"
    )]
    Format(u32),
    /// Its files contradict each other.
    #[error("{0}; the backup's files do not belong together, so restore another backup")]
    Inconsistent(String),
}

/// Checks that the manifest lists the archive's tables and their files, each once.
pub(super) fn check(entries: &[Entry], manifest: &Manifest) -> Result<(), PlanError> {
    if manifest.format > FORMAT {
        return Err(PlanError::Format(manifest.format));
    }
    match contradiction(entries, manifest) {
        None => Ok(()),
        Some(contradiction) => Err(PlanError::Inconsistent(contradiction)),
    }
}

fn contradiction(entries: &[Entry], manifest: &Manifest) -> Option<String> {
    let of_kind = |kind: Kind| entries.iter().filter(move |entry| entry.kind == kind);
    if let Some(id) = twice(entries.iter().map(|entry| entry.id)) {
        return Some(format!("the archive has two entries {id}"));
    }
    if let Some(table) = twice(of_kind(Kind::TableData).map(entry_name)) {
        return Some(format!("the archive has the rows of {} twice", full(table)));
    }
    if let Some(table) = twice(manifest.tables.iter().map(listed_name)) {
        return Some(format!("the manifest lists {} twice", full(table)));
    }
    let defined: BTreeSet<Name> = of_kind(Kind::Table).map(entry_name).collect();
    let loaded: BTreeSet<Name> = of_kind(Kind::TableData).map(entry_name).collect();
    let listed: BTreeSet<Name> = manifest.tables.iter().map(listed_name).collect();
    if let Some(table) = loaded.symmetric_difference(&listed).next() {
        let table = full(*table);
        return Some(format!(
            "only one of the archive and the manifest has the rows of {table}"
        ));
    }
    if let Some(table) = loaded.difference(&defined).next() {
        let table = full(*table);
        return Some(format!(
            "the archive has the rows of {table} and not the table"
        ));
    }
    let has_file = |file: &str| manifest.files.iter().any(|it| it.name == file);
    let without_file = manifest.tables.iter().find(|table| !has_file(&table.file));
    without_file.map(|table| {
        let (file, table) = (&table.file, full(listed_name(table)));
        format!("the manifest lists no file {file}, which has the rows of {table}")
    })
}

/// The first that comes a second time.
fn twice<T: Ord + Copy>(all: impl Iterator<Item = T>) -> Option<T> {
    let mut seen = BTreeSet::new();
    let mut all = all;
    all.find(|it| !seen.insert(*it))
}

/// Schema and name.
type Name<'a> = (&'a str, &'a str);

/// The table of an entry.
pub(super) fn entry_name(entry: &Entry) -> Name<'_> {
    (entry.namespace.as_deref().unwrap_or_default(), &entry.tag)
}

/// The same of a table in the manifest.
pub(super) fn listed_name(table: &manifest::Table) -> Name<'_> {
    (&table.schema, &table.name)
}

fn full((schema, name): Name) -> String {
    format!("{schema}.{name}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backup::restore::samples::{entry, manifest, rows};
    use pgarchive::Section;

    #[test]
    fn an_archive_and_a_manifest_that_contradict_each_other_are_rejected() {
        let table = entry(1, Kind::Table, Section::PreData, &[]);
        let whole = [table.clone(), rows(2, &table)];
        let newer = Manifest {
            format: FORMAT + 1,
            ..manifest(&["it1"])
        };
        let no_file = Manifest {
            files: Vec::new(),
            ..manifest(&["it1"])
        };
        let twice = [table.clone(), rows(2, &table), rows(3, &table)];
        let two_ones = [table.clone(), table.clone()];
        assert_eq!(check(&whole, &manifest(&["it1"])), Ok(()));
        for (entries, manifest, says) in [
            (&whole[..], newer, "manifest has format"),
            (&whole[..], no_file, "lists no file it1.gz"),
            (&whole[..], manifest(&[]), "only one of the archive and"),
            (
                &whole[..1],
                manifest(&["it1"]),
                "only one of the archive and",
            ),
            (&whole[1..], manifest(&["it1"]), "and not the table"),
            (
                &whole[..],
                manifest(&["it1", "it1"]),
                "the manifest lists public.it1 twice",
            ),
            (&twice[..], manifest(&["it1"]), "rows of public.it1 twice"),
            (&two_ones[..], manifest(&[]), "two entries 1"),
        ] {
            let rejection = check(entries, &manifest).expect_err(says).to_string();
            assert!(rejection.contains(says), "{says}: {rejection}");
        }
    }
}
