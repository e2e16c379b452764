//! The entries that are restored, and whether an archive and its manifest belong together. Pure.

use std::collections::{BTreeMap, BTreeSet};

use super::super::error::RestoreError;
use pgarchive::manifest::{FORMAT, Manifest, Table};
use pgarchive::{Entry, Kind};

/// All entries but those about the database itself, which `pg_restore` too skips without `--create`: an
/// existing target keeps its own properties.
pub(in super::super) fn restored(entries: &[Entry]) -> impl Iterator<Item = &Entry> {
    entries.iter().filter(|entry| match entry.kind {
        Kind::Database | Kind::DatabaseProperties => false,
        Kind::Acl | Kind::Comment => !entry.tag.starts_with("DATABASE "),
        _ => true,
    })
}

/// The entries about the database itself, but the one that makes it.
pub(super) fn about_database(entries: &[Entry]) -> impl Iterator<Item = &Entry> {
    entries.iter().filter(|entry| match entry.kind {
        Kind::DatabaseProperties => true,
        Kind::Acl | Kind::Comment => entry.tag.starts_with("DATABASE "),
        _ => false,
    })
}

/// Checks that the manifest lists the archive's tables and their files, each once.
pub(super) fn check(entries: &[Entry], manifest: &Manifest) -> Result<(), RestoreError> {
    let format = manifest.format;
    if format > FORMAT {
        return Err(RestoreError::Failed(format!(
            "the backup's manifest has format {format}, and this program knows {FORMAT}; restore with \
             the magnusapi version that wrote it or a later one, or with pg_restore"
        )));
    }
    match contradiction(entries, manifest) {
        None => Ok(()),
        Some(contradiction) => Err(RestoreError::Failed(format!(
            "{contradiction}; the backup's files do not belong together, so restore another backup"
        ))),
    }
}

fn contradiction(entries: &[Entry], manifest: &Manifest) -> Option<String> {
    let of_kind = |kind: Kind| entries.iter().filter(move |entry| entry.kind == kind);
    if let Some(id) = twice(entries.iter().map(|entry| entry.id)) {
        return Some(format!("the archive has two entries {id}"));
    }
    let defined: BTreeSet<Name> = of_kind(Kind::Table).map(entry_name).collect();
    let mut times: BTreeMap<Name, (u32, u32)> = BTreeMap::new();
    of_kind(Kind::TableData).for_each(|it| times.entry(entry_name(it)).or_default().0 += 1);
    let tables = manifest.tables.iter();
    tables.for_each(|it| times.entry(listed_name(it)).or_default().1 += 1);
    for (table, (rows, listed)) in times {
        let (schema, name) = table;
        if (rows, listed) != (1, 1) {
            return Some(format!(
                "the archive has the rows of {schema}.{name} {rows} times, and the manifest lists it \
                 {listed} times"
            ));
        }
        if !defined.contains(&table) {
            return Some(format!(
                "the archive has the rows of {schema}.{name} and not the table"
            ));
        }
    }
    let has_file = |file: &str| manifest.files.iter().any(|it| it.name == file);
    let without_file = manifest.tables.iter().find(|table| !has_file(&table.file));
    without_file.map(
        |Table {
             file, schema, name, ..
         }| {
            format!("the manifest lists no file {file}, which has the rows of {schema}.{name}")
        },
    )
}

/// The first that comes a second time.
fn twice<T: Ord + Copy>(mut all: impl Iterator<Item = T>) -> Option<T> {
    let mut seen = BTreeSet::new();
    all.find(|it| !seen.insert(*it))
}

/// Schema and name.
type Name<'a> = (&'a str, &'a str);

/// The table of an entry.
pub(super) fn entry_name(entry: &Entry) -> Name<'_> {
    (entry.namespace.as_deref().unwrap_or_default(), &entry.tag)
}

/// The same of a table in the manifest.
pub(super) fn listed_name(table: &Table) -> Name<'_> {
    (&table.schema, &table.name)
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
        assert!(check(&whole, &manifest(&["it1"])).is_ok());
        for (entries, manifest, says) in [
            (&whole[..], newer, "manifest has format"),
            (&whole[..], no_file, "lists no file it1.gz"),
            (
                &whole[..],
                manifest(&[]),
                "1 times, and the manifest lists it 0 times",
            ),
            (
                &whole[..1],
                manifest(&["it1"]),
                "0 times, and the manifest lists it 1 times",
            ),
            (&whole[1..], manifest(&["it1"]), "and not the table"),
            (
                &whole[..],
                manifest(&["it1", "it1"]),
                "public.it1 1 times, and the manifest lists it 2 times",
            ),
            (&twice[..], manifest(&["it1"]), "rows of public.it1 2 times"),
            (&two_ones[..], manifest(&[]), "two entries 1"),
        ] {
            let rejection = check(entries, &manifest).expect_err(says).to_string();
            assert!(rejection.contains(says), "{says}: {rejection}");
        }
    }
}
