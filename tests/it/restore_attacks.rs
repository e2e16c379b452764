//! Restores of which the program, or one of its sessions, is ended at random moments while clients write
//! to the database that is replaced.

use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use localpg::{Throwaway, ThrowawayOptions};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};
use tokio::task::{JoinHandle, block_in_place};
use tokio_postgres::config::Host;
use tokio_postgres::{Config, NoTls};

use crate::harness::{Database, Operator, TIMEOUT, connect, eventually, folder, own_server, run};

/// How long restores are attacked.
const ATTACK: Duration = Duration::from_secs(15);

const TARGET: &str = "target";

/// The clients' role can be ended by the administrator.
const ROLES: &str = "CREATE ROLE app LOGIN; CREATE ROLE administrator LOGIN CREATEDB CREATEROLE;
                     GRANT app, pg_signal_backend TO administrator";

/// A server with a database that clients write to, and a backup of it.
struct Stage {
    server: Throwaway,
    operator: Operator,
    _store: TempDir,
}

impl Stage {
    async fn new() -> Stage {
        let server = own_server(ThrowawayOptions::default());
        let superuser = connect(&server.url("postgres")).await;
        superuser.batch_execute(ROLES).await.expect("roles");
        let create = format!("CREATE DATABASE {TARGET} OWNER app");
        superuser.batch_execute(&create).await.expect("a database");
        let url = format!("{} user=app", server.url(TARGET));
        let tables = "CREATE TABLE written (client integer, number bigint);
                      CREATE TABLE filling AS SELECT generate_series(1, 1000) AS id;
                      ALTER TABLE filling ADD PRIMARY KEY (id)";
        let client = connect(&url).await;
        client.batch_execute(tables).await.expect("tables");
        drop(client);
        let store = tempfile::tempdir().expect("a folder");
        let operator = Operator::with_folder(&Database { url }, store.path());
        operator.makes();
        Stage {
            server,
            operator,
            _store: store,
        }
    }

    fn to(&self) -> String {
        format!("{} user=administrator", self.server.url(TARGET))
    }

    /// The number that the server gives the database of this name.
    async fn target(&self) -> u32 {
        let superuser = connect(&self.server.url("postgres")).await;
        let number = "SELECT oid FROM pg_database WHERE datname = $1";
        let row = superuser.query_one(number, &[&TARGET]).await;
        row.expect("one database has the name").get(0)
    }

    /// Restores, and retries while the server still ends the restore before: it may hold a lock, or
    /// keep new sessions from the database for as long as its rename waits.
    fn completes(&self) {
        let begun = Instant::now();
        loop {
            let output = block_in_place(|| self.operator.output(&restore(&self.to())));
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            if output.status.success() {
                return;
            }
            let is_late = begun.elapsed() > TIMEOUT;
            let passes = ["is under way", "no response in time"];
            let passes = passes.iter().any(|it| said.contains(it));
            assert!(passes && !is_late, "{said}");
        }
    }

    /// All rows that clients have written, in whichever database they are now.
    async fn written(&self) -> HashSet<(i32, i64)> {
        let superuser = connect(&self.server.url("postgres")).await;
        let names = "SELECT datname::text FROM pg_database WHERE datname LIKE $1";
        let names = superuser.query(names, &[&format!("{TARGET}%")]).await;
        let mut written = HashSet::new();
        for name in names.expect("they can be listed") {
            let client = connect(&self.server.url(name.get(0))).await;
            let rows = client
                .query("SELECT client, number FROM written", &[])
                .await;
            let rows = rows.expect("each has the table");
            written.extend(rows.iter().map(|row| (row.get(0), row.get(1))));
        }
        written
    }
}

/// Clients that write whatever happens to their sessions.
struct Clients {
    stop: Arc<AtomicBool>,
    running: Vec<JoinHandle<Vec<(i32, i64)>>>,
}

impl Clients {
    fn of(stage: &Stage) -> Clients {
        let stop = Arc::new(AtomicBool::new(false));
        let running = (0..3).map(|client| {
            let url = format!("{} user=app", stage.server.url(TARGET));
            tokio::spawn(write(url, client, stop.clone()))
        });
        Clients {
            running: running.collect(),
            stop,
        }
    }

    /// The rows whose commits the server reported.
    async fn end(self) -> Vec<(i32, i64)> {
        self.stop.store(true, Ordering::Relaxed);
        let mut committed = Vec::new();
        for client in self.running {
            committed.extend(client.await.expect("no panic"));
        }
        committed
    }
}

async fn write(url: String, client: i32, stop: Arc<AtomicBool>) -> Vec<(i32, i64)> {
    let mut committed = Vec::new();
    let mut number = 0;
    while !stop.load(Ordering::Relaxed) {
        let Ok((session, connection)) = tokio_postgres::connect(&url, NoTls).await else {
            tokio::time::sleep(Duration::from_millis(1)).await;
            continue;
        };
        tokio::spawn(connection);
        while !stop.load(Ordering::Relaxed) {
            number += 1;
            let insert = format!("INSERT INTO written VALUES ({client}, {number})");
            if session.batch_execute(&insert).await.is_err() {
                break;
            }
            committed.push((client, number));
            // Three clients leave the processors to the restore.
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }
    committed
}

fn restore(to: &str) -> [&str; 5] {
    ["restore", "latest", "--replace", "--to", to]
}

/// Less than this number, at random.
fn random(number: u32) -> u32 {
    let random = RandomState::new().hash_one(0) % u64::from(number);
    u32::try_from(random).expect("it is less than the number")
}

/// Kills a restore after this time.
fn kill_after(stage: &Stage, after: Duration) -> Ending {
    let running = stage.operator.begins(&restore(&stage.to()));
    std::thread::sleep(after);
    Ending {
        succeeded: running.kill().success(),
        said: None,
    }
}

/// Ends one of a restore's sessions after this time.
fn end_a_session_after(stage: &Stage, after: Duration) -> Ending {
    let url = stage.server.url("postgres");
    let attack = tokio::spawn(async move {
        tokio::time::sleep(after).await;
        let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                    WHERE application_name = 'magnusapi' ORDER BY random() LIMIT 1";
        let superuser = connect(&url).await;
        superuser.query(end, &[]).await.expect("it can be asked");
    });
    let output = stage.operator.output(&restore(&stage.to()));
    // One that comes too late must not meet the next restore.
    let attacked = tokio::runtime::Handle::current().block_on(attack);
    attacked.expect("no panic");
    Ending {
        succeeded: output.status.success(),
        said: Some(String::from_utf8_lossy(&output.stderr).into_owned()),
    }
}

/// How a restore that was attacked ended, and what it said if it could.
#[derive(Debug)]
struct Ending {
    succeeded: bool,
    said: Option<String>,
}

#[test]
fn an_interrupted_rename_loses_no_committed_row() {
    run(async {
        let stage = Stage::new().await;
        let clients = Clients::of(&stage);
        let begun = Instant::now();
        stage.completes();
        let usual = begun.elapsed();
        let mut endings = Vec::new();
        while begun.elapsed() < ATTACK {
            let attack = [kill_after, end_a_session_after][random(2) as usize];
            let before = stage.target().await;
            let ending = block_in_place(|| attack(&stage, usual * random(120) / 100));
            let is_replaced = before != stage.target().await;
            if let Some(said) = &ending.said {
                let says_so = said.contains("nothing was restored");
                assert!(!ending.succeeded || is_replaced, "{ending:?}");
                assert!(!says_so || !is_replaced, "{ending:?}");
                assert!(ending.succeeded || !said.is_empty(), "{ending:?}");
            }
            stage.completes();
            assert_ne!(before, stage.target().await, "{ending:?}");
            endings.push(ending);
        }
        let committed = clients.end().await;
        let written = stage.written().await;
        let lost = committed.iter().filter(|it| !written.contains(it));
        let (lost, all) = (lost.count(), committed.len());
        assert_eq!(lost, 0, "of {all} committed rows, after {endings:#?}");
        let unhurt = endings.iter().filter(|it| it.succeeded).count();
        println!("{} attacks, {unhurt} too late, {all} rows", endings.len());
        eventually("the end of all temporary databases", || async {
            let superuser = connect(&stage.server.url("postgres")).await;
            let left = "SELECT FROM pg_database WHERE datname LIKE 'magnusapi_%'";
            let left = superuser.query(left, &[]).await.expect("a list");
            left.is_empty().then_some(())
        })
        .await;
    });
}

/// The moment at which a relay ends the connection of a rename.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Cut {
    BeforeTheRename,
    BeforeItsResult,
}

/// Passes bytes between the program and the server until the cut. An error says that a side has ended.
async fn relay(mut program: UnixStream, mut server: UnixStream, cut: Cut) -> std::io::Result<()> {
    let (mut sent, mut received) = (vec![0; 65_536], vec![0; 65_536]);
    let mut is_renaming = false;
    loop {
        tokio::select! {
            length = program.read(&mut sent) => {
                let sent = &sent[..length?];
                is_renaming |= String::from_utf8_lossy(sent).contains(" RENAME TO ");
                if sent.is_empty() || is_renaming && cut == Cut::BeforeTheRename {
                    return Ok(());
                }
                server.write_all(sent).await?;
            }
            length = server.read(&mut received) => {
                let received = &received[..length?];
                if received.is_empty() || is_renaming {
                    return Ok(());
                }
                program.write_all(received).await?;
            }
        }
    }
}

/// The address of the target through a relay in this folder.
fn through_a_relay(stage: &Stage, folder: &Path, cut: Cut) -> String {
    let config: Config = stage.to().parse().expect("an address");
    let (Host::Unix(server), port) = (&config.get_hosts()[0], config.get_ports()[0]) else {
        panic!("{config:?}");
    };
    let socket = format!(".s.PGSQL.{port}");
    let (server, listener) = (
        server.join(&socket),
        UnixListener::bind(folder.join(socket)),
    );
    let listener = listener.expect("the folder is new");
    tokio::spawn(async move {
        while let Ok((program, _)) = listener.accept().await {
            let server = UnixStream::connect(&server).await.expect("it runs");
            tokio::spawn(relay(program, server, cut));
        }
    });
    let folder = folder.display();
    format!("host={folder} port={port} user=administrator dbname={TARGET}")
}

#[test]
fn a_rename_whose_connection_ends_is_a_success_only_if_the_server_has_done_it() {
    run(async {
        let stage = Stage::new().await;
        for cut in [Cut::BeforeTheRename, Cut::BeforeItsResult] {
            let (before, folder) = (stage.target().await, folder());
            let to = through_a_relay(&stage, folder.path(), cut);
            let output = block_in_place(|| stage.operator.output(&restore(&to)));
            let is_replaced = before != stage.target().await;
            assert_eq!(is_replaced, cut == Cut::BeforeItsResult, "{output:?}");
            assert_eq!(output.status.success(), is_replaced, "{output:?}");
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            assert_eq!(
                said.contains("run the restore again"),
                !is_replaced,
                "{said}"
            );
            stage.completes();
        }
    });
}
