//! A database made from entries as `pg_restore` makes one, and `pg_dump`'s word on it.

use std::process::Command;

use localpg::{Programs, Throwaway};
use magnusapi::backup::catalog::{Catalog, quoted};
use pgarchive::{Entry, Kind};

use crate::harness::{Database, PROGRAMS, connect};

/// The roles that the sample schemas name. Roles are the server's, not a database's.
pub(super) async fn roles(server: &Throwaway) {
    let client = connect(&server.url("postgres")).await;
    for role in ["backup_owner", "backup_reader", "backup_granter"] {
        // Another test may be making it now.
        let make = format!(
            "DO $$ BEGIN CREATE ROLE {role};
             EXCEPTION WHEN duplicate_object OR unique_violation THEN END $$"
        );
        client
            .batch_execute(&make)
            .await
            .expect("a role can be made");
    }
}

/// A new database with everything but rows.
pub(super) async fn rebuilt(catalog: &Catalog) -> Database {
    let copy = Database::empty();
    rebuild(catalog, &copy).await;
    copy
}

/// Puts everything but rows into an empty database.
pub(super) async fn rebuild(catalog: &Catalog, copy: &Database) {
    let client = copy.connect().await;
    let begin = "SET check_function_bodies = false; SET client_min_messages = warning";
    client.batch_execute(begin).await.expect("a session");
    for entry in catalog
        .entries
        .iter()
        .filter(|entry| !is_of_database(entry))
    {
        for sql in [entry.definition.clone(), owner(entry)] {
            let done = client.batch_execute(&sql).await;
            done.unwrap_or_else(|error| panic!("{error:?} in {sql}"));
        }
    }
}

/// `pg_restore` leaves them out, unless it makes the database.
fn is_of_database(entry: &Entry) -> bool {
    entry.kind.words().starts_with("DATABASE") || entry.tag.starts_with("DATABASE ")
}

/// `pg_restore` takes some names from the entry's own and some from how it is dropped.
fn owner(entry: &Entry) -> String {
    let owner = quoted(&entry.owner);
    let kinds = [
        Kind::Table,
        Kind::Sequence,
        Kind::View,
        Kind::MaterializedView,
        Kind::Type,
        Kind::Domain,
        Kind::Statistics,
    ];
    match entry.kind {
        Kind::Schema => format!("ALTER SCHEMA {} OWNER TO {owner}", quoted(&entry.tag)),
        Kind::Function | Kind::Procedure => {
            let what = entry
                .drop
                .trim_start_matches("DROP ")
                .trim_end_matches(";\n");
            format!("ALTER {what} OWNER TO {owner}")
        }
        kind if kinds.contains(&kind) => {
            let schema = quoted(entry.namespace.as_ref().expect("it is in a schema"));
            let name = quoted(&entry.tag);
            format!("ALTER {kind} {schema}.{name} OWNER TO {owner}")
        }
        _ => String::new(),
    }
}

/// `pg_dump --schema-only`, without the random words of newer versions.
pub(super) fn pg_dump(programs: &Programs, database: &Database) -> String {
    let output = Command::new(programs.path("pg_dump"))
        .args(["--schema-only", "--dbname", &database.url])
        .output()
        .expect("pg_dump runs");
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    let lines = text.split_inclusive('\n');
    lines
        .filter(|line| !line.starts_with("\\restrict") && !line.starts_with("\\unrestrict"))
        .collect()
}

/// The lines of `pg_restore --list`, without numbers: kind, schema, tag, owner.
pub(super) fn listed(entries: &[Entry]) -> Vec<String> {
    let line = |entry: &Entry| {
        let schema = entry.namespace.as_deref().unwrap_or("-");
        let tag = entry.tag.replace('\n', " ");
        format!("{} {schema} {tag} {}", entry.kind, entry.owner)
    };
    // pg_restore is silent about those, too.
    let settings = [Kind::Encoding, Kind::StdStrings, Kind::SearchPath];
    let is_listed = |entry: &&Entry| !is_of_database(entry) && !settings.contains(&entry.kind);
    entries.iter().filter(is_listed).map(line).collect()
}

/// The same of an archive that `pg_dump` makes.
pub(super) fn listed_by_pg_dump(database: &Database) -> Vec<String> {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let archive = folder.path().join("archive");
    let dumped = Command::new(PROGRAMS.path("pg_dump"))
        .args(["--format=custom", "--dbname", &database.url, "--file"])
        .arg(&archive)
        .output()
        .expect("pg_dump runs");
    assert!(dumped.status.success(), "{dumped:?}");
    let list = Command::new(PROGRAMS.path("pg_restore"))
        .arg("--list")
        .arg(&archive)
        .output()
        .expect("pg_restore runs");
    let list = String::from_utf8(list.stdout).expect("UTF-8");
    list.lines()
        .filter(|line| !line.starts_with(';'))
        // The number of the entry, of the catalogue, of the object.
        .filter_map(|line| Some(line.splitn(4, ' ').nth(3)?.to_owned()))
        .collect()
}
