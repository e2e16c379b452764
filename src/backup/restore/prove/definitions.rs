//! Compares the definitions of a restored database with those of the archive.
//!
//! The database's catalogue is read as an export reads it: it must have each definition of the archive, word
//! for word, and no other. The server writes some definitions otherwise each time it reads them; of
//! these, the ones that it makes of the archive's in another database count as well.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::super::error::{RestoreError, at};
use super::super::plan::{counts_rows, object, restored};
use crate::backup::Mismatch;
use crate::backup::catalog::{self, CatalogError};
use crate::database::Session;
use pgarchive::{Entry, Kind, Section};

/// No other session uses the database, so none holds a lock.
const LOCK_TIMEOUT: Duration = Duration::from_secs(5);

/// The definitions of the database of this session, which is ready for a restore.
pub(in super::super) async fn read(session: &Session) -> Result<Vec<Entry>, RestoreError> {
    let doing = "reading the restored definitions";
    let begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
    session.batch_execute(begin).await.map_err(at(doing))?;
    let found = catalog::read(session, LOCK_TIMEOUT).await;
    session.batch_execute("ROLLBACK").await.map_err(at(doing))?;
    match found {
        Ok(found) => Ok(found.entries),
        Err(CatalogError::Refused { source, .. }) => Err(at(doing)(source)),
        Err(error) => Err(RestoreError::Failed(format!("{doing}: {error}"))),
    }
}

/// How many objects these define.
pub(in super::super) fn count(entries: &[Entry], with_roles: bool) -> usize {
    definitions(entries, with_roles).len()
}

/// The objects that are found otherwise than in each of `expected`. Owners and grants are compared where the
/// restore could give all of them, `with_roles`.
pub(in super::super) fn differences(
    expected: &[&[Entry]],
    found: &[Entry],
    with_roles: bool,
) -> Vec<Mismatch> {
    let definitions = |entries| definitions(entries, with_roles);
    let found = definitions(found);
    let expected: Vec<Definitions> = expected.iter().map(|it| definitions(it)).collect();
    let objects = expected.iter().chain([&found]).flat_map(BTreeMap::keys);
    let objects: BTreeSet<&String> = objects.collect();
    let different = objects.into_iter().filter_map(|object| {
        let found = found.get(object);
        let mut expected = expected.iter().map(|it| it.get(object));
        let first = expected.clone().next().flatten();
        let text = match (first, found) {
            _ if expected.any(|it| it == found) => return None,
            (Some(_), Some(_)) => "its definition differs",
            (_, None) => "it is missing",
            (None, _) => "it is not in the backup",
        };
        Some(Mismatch {
            object: object.clone(),
            text: text.to_owned(),
        })
    });
    different.collect()
}

/// By kind, schema and name of each object, the SQL that makes it and its owner.
type Definitions<'a> = BTreeMap<String, BTreeSet<(&'a str, &'a str)>>;

fn definitions(entries: &[Entry], with_roles: bool) -> Definitions<'_> {
    let mut definitions = Definitions::new();
    for entry in restored(entries).filter(|it| is_definition(it)) {
        if with_roles || !matches!(entry.kind, Kind::Acl | Kind::DefaultAcl) {
            let owner = if with_roles { entry.owner.as_str() } else { "" };
            let made = (entry.definition.as_str(), owner);
            definitions.entry(object(entry)).or_default().insert(made);
        }
    }
    definitions
}

/// Of the data, only the state of a sequence is a definition.
fn is_definition(entry: &Entry) -> bool {
    entry.section != Section::Data || (entry.kind == Kind::SequenceSet && !counts_rows(entry))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(kind: Kind, tag: &str, definition: &str) -> Entry {
        Entry {
            definition: definition.into(),
            namespace: Some("public".into()),
            ..Entry::new(kind, tag)
        }
    }

    fn differences(archive: &[Entry], found: &[Entry], with_roles: bool) -> Vec<String> {
        let differences = super::differences(&[archive], found, with_roles);
        differences.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn the_definition_that_the_server_makes_of_the_same_sql_is_equal() {
        let archive = [entry(Kind::Table, "a", "1"), entry(Kind::View, "b", "2")];
        let made = [entry(Kind::Table, "a", "one"), entry(Kind::View, "b", "2")];
        let compared = |found: &[Entry]| super::differences(&[&archive, &made], found, true).len();
        assert_eq!(compared(&made), 0);
        assert_eq!(compared(&archive), 0);
        assert_eq!(
            compared(&[entry(Kind::Table, "a", "0"), entry(Kind::View, "b", "2")]),
            1
        );
        assert_eq!(compared(&archive[..1]), 1);
    }

    #[test]
    fn the_order_of_definitions_does_not_matter() {
        let (one, other) = (entry(Kind::Table, "a", "1"), entry(Kind::Index, "b", "2"));
        let (archive, found) = ([one.clone(), other.clone()], [other, one]);
        assert_eq!(differences(&archive, &found, true), [""; 0]);
    }

    #[test]
    fn missing_changed_and_new_objects_are_named() {
        let archive = [entry(Kind::Table, "a", "1"), entry(Kind::Index, "b", "2")];
        let found = [entry(Kind::Table, "a", "0"), entry(Kind::View, "c", "3")];
        assert_eq!(
            differences(&archive, &found, true),
            [
                "INDEX public.b: it is missing",
                "TABLE public.a: its definition differs",
                "VIEW public.c: it is not in the backup",
            ]
        );
    }

    #[test]
    fn owners_and_grants_are_compared_where_they_could_be_given() {
        let archive = [
            entry(Kind::Table, "a", "1"),
            entry(Kind::Acl, "TABLE a", "GRANT"),
        ];
        let mut found = [entry(Kind::Table, "a", "1")];
        found[0].owner = "another".into();
        assert_eq!(differences(&archive, &found, true).len(), 2);
        assert_eq!(differences(&archive, &found, false), [""; 0]);
    }
}
