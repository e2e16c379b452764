//! The roles that a backup names.

use std::collections::BTreeSet;

use super::owner;
use super::scope::{about_database, restored};
use pgarchive::{Entry, Kind};

/// The roles that entries name.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Named {
    /// Those that own an object.
    pub(super) owners: BTreeSet<String>,
    /// Those that something is granted to or revoked from.
    pub(super) granted: BTreeSet<String>,
    /// The owner of the database itself.
    pub(super) database: Option<String>,
}

impl Named {
    /// The database's owner counts `with_database` alone.
    pub(super) fn by(entries: &[Entry], with_database: bool) -> Named {
        let database = entries.iter().find(|entry| entry.kind == Kind::Database);
        let database = database.filter(|it| with_database && !it.owner.is_empty());
        let of_database = about_database(entries).filter(|_| with_database);
        let of_database = of_database.flat_map(|entry| {
            let statements = entry.definition.lines();
            statements.flat_map(move |statement| owner::named_for_database(entry, statement))
        });
        let granted = restored(entries).flat_map(owner::granted);
        Named {
            owners: restored(entries).filter_map(owner::owner).collect(),
            granted: granted.chain(of_database).collect(),
            database: database.map(|it| it.owner.clone()),
        }
    }

    /// The owners of objects and of the database.
    pub(super) fn all_owners(&self) -> BTreeSet<String> {
        self.owners.iter().chain(&self.database).cloned().collect()
    }

    /// All roles but the database's owner.
    pub(super) fn of_objects(&self) -> BTreeSet<String> {
        self.owners.union(&self.granted).cloned().collect()
    }

    pub(super) fn all(&self) -> BTreeSet<String> {
        self.all_owners().union(&self.granted).cloned().collect()
    }
}
