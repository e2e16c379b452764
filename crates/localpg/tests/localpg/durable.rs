//! A server for developers: shared by processes, stopped after its last user, with data that stays.

use std::fs::{self, File, Permissions, TryLockError};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;
use std::thread;

use localpg::Durable;

use crate::stage::{
    LOCALPG, Person, assert_returns, eventually, folder as socket_folder, halt, place, postmaster,
    processes_on, programs, query, root, signal,
};

const NOBODY: u32 = 65534;

#[test]
fn two_processes_share_one_server() {
    let place = place();
    let folder = place.path().join("data");
    let first = Durable::open(&programs(), &folder).expect("a new cluster");
    let second = Durable::open(&programs(), &folder).expect("a running server");
    assert_eq!((first.started(), second.started()), (true, false));
    assert_eq!(first.url("postgres"), second.url("postgres"));
    assert_eq!(first.folder(), second.folder());
    let settings = "SELECT string_agg(setting, ',' ORDER BY name) FROM pg_settings
        WHERE name IN ('data_checksums', 'fsync', 'full_page_writes', 'listen_addresses')";
    assert_returns(&second.url("postgres"), settings, "on,on,on,");
    assert_eq!(fs::metadata(&folder).expect("made").mode() & 0o777, 0o700);
}

#[test]
fn server_outlives_its_first_user_and_ends_with_the_last() {
    let place = place();
    let first = Person::on(place.path());
    let second = Person::on(place.path());
    assert!(first.started && !second.started);
    let server = postmaster(place.path());
    first.kill();
    let third = Person::on(place.path());
    assert!(!third.started);
    assert_returns(&second.url, "SELECT 1", "1");
    second.kill();
    assert_returns(&third.url, "SELECT 1", "1");
    assert_eq!(
        postmaster(place.path()),
        server,
        "it was one server all along"
    );
    third.kill();
    eventually(&Vec::new(), || processes_on(place.path()));
}

#[test]
fn data_survives_the_kill_of_the_only_user() {
    let place = place();
    let first = Person::on(place.path());
    query(&first.url, "CREATE TABLE item AS SELECT 42 AS id").expect("it can write");
    first.kill();
    // Without waiting: a process that opens now joins the server before it stops, or waits for the stop and starts it
    // again.
    let second = Person::on(place.path());
    assert_returns(&second.url, "SELECT id FROM item", "42");
}

#[test]
fn eight_processes_that_open_a_new_folder_share_one_server() {
    let place = place();
    let people: Vec<Person> = thread::scope(|scope| {
        let threads: Vec<_> = (0..8)
            .map(|_| scope.spawn(|| Person::on(place.path())))
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().expect("it opened"))
            .collect()
    });
    assert_eq!(people.iter().filter(|person| person.started).count(), 1);
    for person in &people {
        assert_returns(&person.url, "SELECT 1", "1");
    }
}

#[test]
fn repeated_opening_never_joins_a_server_that_stops() {
    let place = place();
    for _ in 0..10 {
        let server = Durable::open(&programs(), place.path()).expect("it waits for the one before");
        assert_returns(&server.url("postgres"), "SELECT 1", "1");
    }
}

#[test]
fn opening_waits_while_the_server_stops() {
    let place = place();
    let first = Durable::open(&programs(), place.path()).expect("a new cluster");
    let server = postmaster(place.path());
    // A halted server cannot stop, and its file still has the state `ready`.
    halt(&server);
    drop(first);
    eventually(&true, || {
        locked(&place.path().join("users"), File::try_lock_shared)
    });
    thread::scope(|scope| {
        let second = scope.spawn(|| Person::on(place.path()));
        eventually(&true, || {
            locked(&place.path().join("opening"), File::try_lock)
        });
        signal("-CONT", &server);
        let second = second.join().expect("it opened");
        assert!(second.started);
        assert_returns(&second.url, "SELECT 1", "1");
    });
}

fn locked(file: &Path, attempt: impl Fn(&File) -> Result<(), TryLockError>) -> bool {
    let file = File::open(file);
    file.is_ok_and(|file| matches!(attempt(&file), Err(TryLockError::WouldBlock)))
}

#[test]
fn halted_server_ends_after_the_death_of_its_user() {
    let place = place();
    let person = Person::on(place.path());
    halt(&postmaster(place.path()));
    person.kill();
    eventually(&Vec::new(), || processes_on(place.path()));
}

#[test]
fn interrupt_from_the_terminal_ends_the_user_and_not_the_server() {
    let place = place();
    let first = Person::run(Command::new(LOCALPG).arg(place.path()).process_group(0));
    let second = Person::on(place.path());
    // Like Ctrl-C: a signal to the process group of the first.
    signal("-INT", &format!("-{}", first.id()));
    drop(first);
    assert_returns(&second.url, "SELECT 1", "1");
    assert!(!Person::on(place.path()).started);
}

#[test]
fn crashed_server_is_started_again_by_the_next_user() {
    let place = place();
    let first = Person::on(place.path());
    query(&first.url, "CREATE TABLE item AS SELECT 42 AS id").expect("it can write");
    signal("-KILL", &postmaster(place.path()));
    eventually(&1, || processes_on(place.path()).len());
    let second = Person::on(place.path());
    assert!(second.started);
    assert_returns(&first.url, "SELECT id FROM item", "42");
    second.kill();
    assert_eq!(
        query(&first.url, "SELECT 1").as_deref(),
        Ok("1"),
        "the first still uses it"
    );
    first.kill();
    eventually(&Vec::new(), || processes_on(place.path()));
}

#[test]
fn path_too_long_for_a_socket_works_and_is_shared() {
    let place = place();
    let folder = place.path().join("with, odd name").join("x".repeat(100));
    let first = Person::on(&folder);
    let second = Person::on(&folder);
    assert!(first.started && !second.started);
    assert_returns(&second.url, "SELECT 1", "1");
    let sockets = socket_folder(&first.url);
    assert_eq!(fs::metadata(&sockets).expect("made").mode() & 0o777, 0o700);
    drop((first, second));
    eventually(&Vec::new(), || processes_on(&folder));
    fs::remove_dir(sockets).expect("the server removed its socket");
}

#[test]
fn incomplete_cluster_is_not_used() {
    let place = place();
    fs::write(place.path().join("users"), "").expect("ours");
    let half = place.path().join(".making-killed");
    fs::create_dir(&half).expect("ours");
    fs::write(half.join("PG_VERSION"), "15\n").expect("ours");
    let server = Durable::open(&programs(), place.path()).expect("it makes another");
    assert_returns(&server.url("postgres"), "SELECT 1", "1");
    assert!(!half.exists());
}

#[test]
fn folder_with_other_files_is_refused_and_unchanged() {
    let place = place();
    fs::write(place.path().join("thesis.txt"), "").expect("ours");
    let refused = Durable::open(&programs(), place.path()).expect_err("it is not empty");
    assert!(refused.to_string().contains("is not empty"), "{refused}");
    let mode = fs::metadata(place.path()).expect("it is there").mode();
    let files = fs::read_dir(place.path()).expect("it is a folder").count();
    assert_eq!((mode & 0o777, files), (0o755, 1));
}

#[test]
fn link_in_place_of_a_lock_is_not_followed() {
    let place = place();
    let other = place.path().join("other");
    fs::write(&other, "").expect("ours");
    let folder = place.path().join("folder");
    fs::create_dir(&folder).expect("ours");
    symlink(&other, folder.join("users")).expect("ours");
    let refused = Durable::open(&programs(), &folder).expect_err("it is not followed");
    let refused = refused.to_string();
    assert!(refused.starts_with("could not open "), "{refused}");
}

#[test]
fn data_of_a_missing_version_is_refused_with_the_remedy() {
    let place = place();
    fs::write(place.path().join("users"), "").expect("ours");
    fs::create_dir(place.path().join("data")).expect("ours");
    fs::write(place.path().join("data/PG_VERSION"), "9\n").expect("ours");
    let refused = Durable::open(&programs(), place.path()).expect_err("version 9 is not installed");
    let refused = refused.to_string();
    assert!(refused.contains("install `postgresql-9`"), "{refused}");
    assert_eq!(processes_on(place.path()), Vec::<u32>::new());
}

#[test]
fn failed_start_is_explained_and_leaves_no_process() {
    let place = place();
    drop(Person::on(place.path()));
    let settings = place.path().join("data/postgresql.auto.conf");
    fs::write(settings, "shared_buffers = plenty\n").expect("we may");
    let failed = Durable::open(&programs(), place.path()).expect_err("`plenty` is not a number");
    let (failed, log) = (failed.to_string(), place.path().join("log"));
    assert!(
        failed.contains("\"shared_buffers\": \"plenty\""),
        "{failed}"
    );
    assert!(failed.contains(log.to_str().expect("plain")), "{failed}");
    eventually(&Vec::new(), || processes_on(place.path()));
}

#[test]
fn folder_that_the_account_cannot_reach_is_refused_and_unchanged() {
    if !root() {
        return; // An ordinary user's server is the user.
    }
    let place = place();
    let closed = place.path().join("closed");
    fs::create_dir(&closed).expect("ours");
    fs::set_permissions(&closed, Permissions::from_mode(0o700)).expect("ours");
    let refused = Durable::open(&programs(), &closed.join("project/data")).expect_err("closed");
    let advice = format!("choose a place outside of {}", closed.display());
    assert!(refused.to_string().contains(&advice), "{refused}");
    assert!(!closed.join("project/data/users").exists());
}

#[test]
fn server_of_a_user_still_belongs_to_the_user_after_root_opens_it() {
    if !root() {
        return; // Then every other test is this one.
    }
    let place = place();
    let binary = place.path().join("localpg");
    fs::copy(LOCALPG, &binary).expect("a copy that every account can run");
    let folder = place.path().join("theirs");
    fs::create_dir(&folder).expect("ours");
    chown(&folder, Some(NOBODY), Some(NOBODY)).expect("root may");
    let person = Person::run(as_unprivileged(&binary).arg(&folder));
    assert_returns(&person.url, "CREATE TABLE item AS SELECT 42 AS id", "");
    let beside = Person::on(&folder);
    assert!(!beside.started);
    drop((person, beside));
    eventually(&Vec::new(), || processes_on(&folder));
    drop(Person::on(&folder));
    assert_eq!(
        fs::metadata(folder.join("data")).expect("made").uid(),
        NOBODY
    );
    let again = Person::run(as_unprivileged(&binary).arg(&folder));
    assert_returns(&again.url, "SELECT id FROM item", "42");
}

fn as_unprivileged(binary: &Path) -> Command {
    let mut command = Command::new(binary);
    command
        .uid(NOBODY)
        .gid(NOBODY)
        .current_dir("/")
        .env_remove("HOME");
    command
}
