//! A server for tests: fast, private, and removed with its owner.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::thread;

use localpg::{Throwaway, ThrowawayOptions};

use crate::stage::{
    LOCALPG, Person, assert_returns, eventually, folder, place, processes_on, programs, query,
};

fn start(options: ThrowawayOptions) -> Throwaway {
    Throwaway::start(&programs(), options).expect("a server")
}

fn assert_removed(folder: &Path) {
    eventually(&(Vec::new(), false), || {
        (processes_on(folder), folder.exists())
    });
}

#[test]
fn dropped_server_is_removed() {
    let server = start(ThrowawayOptions::default());
    assert_returns(&server.url("postgres"), "SHOW fsync", "off");
    assert_eq!(server.tcp_port(), None);
    let folder = folder(&server.url("postgres"));
    server.stop();
    assert_eq!(
        (processes_on(&folder), folder.exists()),
        (Vec::new(), false)
    );
}

#[test]
fn server_of_a_killed_owner_is_removed() {
    let person = Person::run(&mut Command::new(LOCALPG));
    let folder = folder(&person.url);
    assert_returns(&person.url, "SELECT 1", "1");
    person.kill();
    assert_removed(&folder);
}

#[test]
fn crashed_server_is_removed() {
    let server = start(ThrowawayOptions::default());
    let folder = folder(&server.url("postgres"));
    let file = fs::read_to_string(folder.join("data/postmaster.pid")).expect("it runs");
    let memory = file
        .lines()
        .nth(6)
        .and_then(|line| line.split_whitespace().last());
    let memory = memory.expect("it has shared memory").to_owned();
    let segments = fs::read_dir(folder.join("data/pg_dynshmem")).expect("it is a cluster");
    assert_ne!(
        segments.count(),
        0,
        "the other shared memory goes with the folder"
    );
    server.kill().expect("it dies");
    assert!(
        shared_memory().contains(&memory),
        "a crash leaves it behind"
    );
    drop(server);
    assert_removed(&folder);
    assert!(!shared_memory().contains(&memory));
}

/// The ids of all System V segments.
fn shared_memory() -> Vec<String> {
    let table = fs::read_to_string("/proc/sysvipc/shm").expect("Linux");
    table
        .lines()
        .filter_map(|line| Some(line.split_whitespace().nth(1)?.to_owned()))
        .collect()
}

#[test]
fn crash_keeps_committed_data_and_the_address() {
    let server = start(ThrowawayOptions {
        durable: true,
        tcp: true,
        ..Default::default()
    });
    let url = server.url("postgres");
    assert_returns(&url, "SHOW fsync", "on");
    let create = "CREATE TABLE item AS SELECT generate_series(1, 1000) AS id";
    assert_returns(&url, create, "");
    let port = server.tcp_port();
    server.kill().expect("it dies");
    assert!(query(&url, "SELECT 1").is_err());
    assert_eq!(
        processes_on(&folder(&url)).len(),
        1,
        "the watcher, which waits for us"
    );
    server.restart().expect("it recovers");
    assert_eq!(
        (server.url("postgres"), server.tcp_port()),
        (url.clone(), port)
    );
    assert_returns(&url, "SELECT count(*) FROM item", "1000");
    server.restart().expect("it restarts a running server");
    assert_returns(&url, "SELECT count(*) FROM item", "1000");
}

#[test]
fn many_threads_create_databases_from_a_template() {
    let server = start(ThrowawayOptions::default());
    server
        .create_database("template", None)
        .expect("a new database");
    let create = "CREATE TABLE item AS SELECT 42 AS id";
    assert_returns(&server.url("template"), create, "");
    let create = |number| server.create_database(&format!("Test \"{number}\""), Some("template"));
    thread::scope(|scope| {
        let threads: Vec<_> = (0..8)
            .map(|number| scope.spawn(move || create(number)))
            .collect();
        for thread in threads {
            thread.join().expect("it ran").expect("a copy");
        }
    });
    for number in 0..8 {
        let url = server.url(&format!("Test \"{number}\""));
        assert_returns(&url, "SELECT id FROM item", "42");
    }
    let taken = server
        .create_database("template", None)
        .expect_err("there is one");
    assert!(taken.to_string().contains("already exists"), "{taken}");
}

#[test]
fn options_reach_the_server() {
    let place = place();
    let [certificate, key] = ["server.crt", "server.key"].map(|name| place.path().join(name));
    self_signed(&certificate, &key);
    let server = start(ThrowawayOptions {
        settings: vec![("max_connections".into(), "17".into())],
        hba: vec!["hostnossl all all all reject".into()],
        tcp: true,
        tls: Some((certificate, key)),
        ..Default::default()
    });
    assert_returns(&server.url("postgres"), "SHOW max_connections", "17");
    let port = server.tcp_port().expect("the options request it");
    let address = format!("host=127.0.0.1 port={port} user=postgres dbname=postgres");
    let encrypted = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()";
    assert_returns(&format!("{address} sslmode=require"), encrypted, "t");
    let plain = query(&format!("{address} sslmode=disable"), "SELECT 1").expect_err("rejected");
    assert!(plain.contains("pg_hba.conf rejects"), "{plain}");
}

fn self_signed(certificate: &Path, key: &Path) {
    let mut openssl = Command::new("openssl");
    openssl.args("req -x509 -newkey rsa:2048 -nodes -subj /CN=localhost -days 2".split(' '));
    let made = openssl
        .arg("-out")
        .arg(certificate)
        .arg("-keyout")
        .arg(key)
        .output();
    assert!(made.expect("openssl runs").status.success());
}

#[test]
fn failed_start_is_explained_and_leaves_no_files() {
    let settings = vec![("shared_buffers".into(), "plenty".into())];
    let options = ThrowawayOptions {
        settings,
        ..Default::default()
    };
    let failed = Throwaway::start(&programs(), options).expect_err("`plenty` is not a number");
    let text = failed.to_string();
    assert!(text.contains("\"shared_buffers\": \"plenty\""), "{text}");
    let data = text.strip_prefix("PostgreSQL on ").expect("its folder");
    let (data, _) = data.split_once(" ended before").expect("its end");
    assert_removed(Path::new(data).parent().expect("the server's folder"));
}
