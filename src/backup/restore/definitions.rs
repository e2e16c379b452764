//! Compares what a restored database is made of with what the archive makes.
//!
//! The database's catalogue is read as an export reads it: each definition of the archive must be there
//! again, word for word, and no other. The server writes some definitions otherwise each time it reads
//! them; of these, what it makes of the archive's definitions in another database counts as well.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::error::{RestoreError, at};
use super::phase::counts_rows;
use super::scope::restored;
use crate::backup::catalog::{self, CatalogError};
use crate::database::Session;
use pgarchive::{Entry, Kind, Section};

/// No other session uses the database, so none holds a lock.
const PATIENCE: Duration = Duration::from_secs(5);

/// The definitions of the database of this session, which is ready for a restore.
pub(super) async fn read(session: &Session) -> Result<Vec<Entry>, RestoreError> {
    let doing = "reading the restored definitions";
    let begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
    session.batch_execute(begin).await.map_err(at(doing))?;
    let found = catalog::read(session, PATIENCE).await;
    session.batch_execute("ROLLBACK").await.map_err(at(doing))?;
    let found = found.map_err(|error| match error {
        CatalogError::Refused { source, .. } => at(doing)(source),
        error => RestoreError::Statement {
            step: doing.to_owned(),
            reason: error.to_string(),
        },
    })?;
    Ok(found.entries)
}

/// How many objects these define.
pub(super) fn count(entries: &[Entry], with_roles: bool) -> usize {
    Definitions::of(entries, with_roles).0.len()
}

/// What is found otherwise than each of `expected` has it. Owners and grants are compared where the
/// restore could give all of them, `with_roles`.
pub(super) fn differences(expected: &[&[Entry]], found: &[Entry], with_roles: bool) -> Vec<String> {
    let found = Definitions::of(found, with_roles);
    let differences = expected.iter().map(|entries| {
        let expected = Definitions::of(entries, with_roles);
        expected.differences(&found)
    });
    let common = differences.reduce(|one, other| {
        let of_both = one
            .into_iter()
            .filter(|(object, _)| other.contains_key(object));
        of_both.collect()
    });
    common.unwrap_or_default().into_values().collect()
}

/// Kind, schema and name of what is defined.
type Object<'a> = (Kind, &'a str, &'a str);

type OwnedObject = (Kind, String, String);

/// Objects, with the SQL that makes each and its owner.
#[derive(Debug)]
struct Definitions<'a>(BTreeMap<Object<'a>, BTreeSet<(&'a str, &'a str)>>);

impl<'a> Definitions<'a> {
    fn of(entries: &'a [Entry], with_roles: bool) -> Definitions<'a> {
        let mut definitions: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
        for entry in restored(entries).filter(|it| is_definition(it)) {
            if !with_roles && matches!(entry.kind, Kind::Acl | Kind::DefaultAcl) {
                continue;
            }
            let schema = entry.namespace.as_deref().unwrap_or_default();
            let object = (entry.kind, schema, entry.tag.as_str());
            let owner = if with_roles { entry.owner.as_str() } else { "" };
            let made = (entry.definition.as_str(), owner);
            definitions.entry(object).or_default().insert(made);
        }
        Definitions(definitions)
    }

    /// By object.
    fn differences(&self, found: &Definitions) -> BTreeMap<OwnedObject, String> {
        let objects: BTreeSet<_> = self.0.keys().chain(found.0.keys()).collect();
        let different = objects.into_iter().filter_map(|object| {
            let how = match (self.0.get(object), found.0.get(object)) {
                (Some(expected), Some(found)) if expected == found => return None,
                (Some(_), Some(_)) => "is made otherwise",
                (_, None) => "is missing",
                (None, _) => "was not in the backup",
            };
            let (kind, schema, name) = object;
            let dot = if schema.is_empty() { "" } else { "." };
            let key = (*kind, (*schema).to_owned(), (*name).to_owned());
            Some((key, format!("{kind} {schema}{dot}{name} {how}")))
        });
        different.collect()
    }
}

/// Of the data, only the state of a sequence is a definition.
fn is_definition(entry: &Entry) -> bool {
    entry.section != Section::Data || (entry.kind == Kind::SequenceSet && !counts_rows(entry))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backup::restore::samples;

    fn entry(kind: Kind, tag: &str, definition: &str) -> Entry {
        Entry {
            tag: tag.into(),
            definition: definition.into(),
            ..samples::entry(1, kind, Section::PreData, &[])
        }
    }

    fn differences(archive: &[Entry], found: &[Entry], with_roles: bool) -> Vec<String> {
        super::differences(&[archive], found, with_roles)
    }

    #[test]
    fn what_the_server_makes_of_the_same_sql_is_no_difference() {
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
    fn the_same_in_another_order_is_no_difference() {
        let (one, other) = (entry(Kind::Table, "a", "1"), entry(Kind::Index, "b", "2"));
        let (archive, found) = ([one.clone(), other.clone()], [other, one]);
        assert_eq!(differences(&archive, &found, true), [""; 0]);
    }

    #[test]
    fn what_is_missing_made_otherwise_or_new_is_named() {
        let archive = [entry(Kind::Table, "a", "1"), entry(Kind::Index, "b", "2")];
        let found = [entry(Kind::Table, "a", "0"), entry(Kind::View, "c", "3")];
        let schema = archive[0].namespace.clone().expect("it is in one");
        assert_eq!(
            differences(&archive, &found, true),
            [
                format!("INDEX {schema}.b is missing"),
                format!("TABLE {schema}.a is made otherwise"),
                format!("VIEW {schema}.c was not in the backup"),
            ]
        );
    }

    #[test]
    fn owners_and_grants_count_only_where_they_could_be_given() {
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
