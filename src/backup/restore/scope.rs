//! Which entries of an archive a restore makes.

use pgarchive::{Entry, Kind};

/// All but what is about the database itself, which `pg_restore` too leaves alone without
/// `--create`: the target is somebody's own.
pub(super) fn restored(entries: &[Entry]) -> impl Iterator<Item = &Entry> {
    entries.iter().filter(|entry| match entry.kind {
        Kind::Database | Kind::DatabaseProperties => false,
        Kind::Acl | Kind::Comment => !entry.tag.starts_with("DATABASE "),
        _ => true,
    })
}

/// What is about the database itself, beside how it is made.
pub(super) fn about_database(entries: &[Entry]) -> impl Iterator<Item = &Entry> {
    entries.iter().filter(|entry| match entry.kind {
        Kind::DatabaseProperties => true,
        Kind::Acl | Kind::Comment => entry.tag.starts_with("DATABASE "),
        _ => false,
    })
}
