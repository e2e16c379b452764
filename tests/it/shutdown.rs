//! SIGTERM at each moment: a whole response or a visible abort, exit code 200 under a host, and
//! no process and no session left behind. What a request in flight gets is in `handler`, and what the
//! host makes of a creation in flight in `host_faults`.

mod hosted;

use std::path::Path;
use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

use crate::harness::{
    Answer, Database, Program, Start, eventually, ready, run, timer, waiting_for_a_lock,
    with_program,
};

/// How a whole listing ends.
const END: &[u8] = b"]}\r\n0\r\n\r\n";

/// More than the system buffers for a reader.
const ROWS: &str = "INSERT INTO item (name) SELECT 'row ' || n FROM generate_series(1, 300000) n";

/// A database that nothing listens for.
const AWAY: &str = "postgres://u@127.0.0.1:1/x?sslmode=disable";

const ITEM: &str = "GET /item/1 HTTP/1.1\r\nHost: shop.example\r\n\r\n";

/// What the migrations wait for (`database/migrations.rs`).
const MIGRATION_LOCK: &str = "BEGIN; SELECT pg_advisory_xact_lock(1835100014, 1835624306)";

async fn execute(client: &tokio_postgres::Client, sql: &str) {
    client.batch_execute(sql).await.expect("it is executed");
}

/// Sends SIGTERM, waits for the end, and checks it.
async fn terminated(program: &mut Program) {
    program.signal("TERM");
    assert_eq!(program.ended().await.code(), Some(200));
}

async fn no_session_is_left(database: &Database) {
    let client = database.connect().await;
    let count = "SELECT count(*) FROM pg_stat_activity
                  WHERE datname = current_database() AND pid <> pg_backend_pid()
                    AND application_name = 'magnusapi'";
    eventually("the end of all sessions", || async {
        let row = client.query_one(count, &[]).await.expect("it can be asked");
        (row.get::<_, i64>(0) == 0).then_some(())
    })
    .await;
}

/// A connection on which a request was sent.
async fn asked(address: &str, request: &str) -> TcpStream {
    let mut socket = TcpStream::connect(address).await.expect("it listens");
    let sent = socket.write_all(request.as_bytes()).await;
    sent.expect("it is sent");
    socket
}

/// What comes until the connection ends in order.
async fn rest(socket: &mut TcpStream) -> String {
    let mut rest = String::new();
    let read = socket.read_to_string(&mut rest).await;
    read.expect("it ends in order");
    rest
}

/// The same, and the first bytes of its response were read.
async fn begun(address: &str, request: &str) -> (TcpStream, Vec<u8>) {
    let mut socket = asked(address, request).await;
    let mut read = vec![0; 512];
    let count = socket.read(&mut read).await.expect("it begins");
    read.truncate(count);
    (socket, read)
}

#[test]
fn an_idle_program_ends_at_once() {
    run(async {
        let database = Database::migrated();
        let mut program = Start::on(&database).await;
        program.make("x").await;
        let started = std::time::Instant::now();
        terminated(&mut program).await;
        // Far below the time that requests under way would have.
        assert!(started.elapsed() < Duration::from_secs(5));
        no_session_is_left(&database).await;
    });
}

#[test]
fn a_listing_ends_whole_or_breaks_off() {
    run(async {
        let database = Database::migrated();
        execute(&database.connect().await, ROWS).await;
        let mut program = Start::on(&database).await;
        let list = "GET /item HTTP/1.1\r\nHost: x\r\n\r\n";
        let (mut reads, mut whole) = begun(program.address(), list).await;
        let (mut stops, mut part) = begun(program.address(), list).await;
        program.signal("TERM");
        reads.read_to_end(&mut whole).await.expect("it goes on");
        assert!(whole.ends_with(END), "the listing broke off");
        assert_eq!(program.ended().await.code(), Some(200));
        // An error is a connection that broke off, too.
        let _ = stops.read_to_end(&mut part).await;
        assert!(part.starts_with(b"HTTP/1.1 200"));
        assert!(!part.ends_with(END));
        no_session_is_left(&database).await;
    });
}

#[test]
fn a_slow_rejected_upload_keeps_its_response() {
    with_program(async |mut program: Program| {
        let head = "POST /item HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\n\
                    Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n";
        let (mut socket, mut response) = begun(program.address(), head).await;
        program.signal("TERM");
        // Errors say that the server reads no more: its response is here.
        let _ = socket.write_all(b"5\r\nhello\r\n0\r\n\r\n").await;
        let _ = socket.read_to_end(&mut response).await;
        let response = String::from_utf8_lossy(&response);
        assert!(response.starts_with("HTTP/1.1 415"), "{response}");
        assert!(response.ends_with('}'), "{response}");
        assert_eq!(program.ended().await.code(), Some(200));
    });
}

/// A backup that waits for a lock on the source.
struct BackupUnderWay {
    own: Database,
    source: Database,
    folder: tempfile::TempDir,
    lock: tokio_postgres::Client,
    program: Program,
    calling: JoinHandle<reqwest::Result<Answer>>,
}

fn occurrence(day: u8) -> Value {
    json!({
        "Data": {"timer": {"ScheduleStatus": {"Next": format!("2026-11-{day}T02:00:00+00:00")}}},
        "Metadata": {"sys": {"UtcNow": format!("2026-11-{day}T02:00:00.1Z")}}
    })
}

async fn program_with_source(own: &Database, source: &Database, folder: &Path) -> Program {
    Start::handler()
        .set("DATABASE_URL", &own.url)
        .set("BACKUP_URL", &format!("file://{}", folder.display()))
        .set("BACKUP_DATABASES", "shop")
        .set("BACKUP_DATABASE_URL_SHOP", &source.url)
        .serving()
        .await
}

fn manifests(folder: &Path) -> usize {
    let backups = std::fs::read_dir(folder.join("shop"));
    let backups = backups.into_iter().flatten().flatten();
    backups
        .filter(|backup| backup.path().join("manifest.json").exists())
        .count()
}

impl BackupUnderWay {
    async fn begin() -> BackupUnderWay {
        let (own, source) = (Database::migrated(), Database::empty());
        let folder = tempfile::tempdir().expect("a folder");
        let lock = source.connect().await;
        execute(&lock, "CREATE TABLE big AS SELECT 1 AS n").await;
        execute(&lock, "BEGIN; LOCK TABLE big IN ACCESS EXCLUSIVE MODE").await;
        let program = program_with_source(&own, &source, folder.path()).await;
        let call = program.with_json(Method::POST, "/postfacto_backup", &occurrence(24));
        let calling = tokio::spawn(Answer::try_to(call));
        waiting_for_a_lock(&source, 1).await;
        BackupUnderWay {
            own,
            source,
            folder,
            lock,
            program,
            calling,
        }
    }
}

#[test]
fn a_backup_that_ends_in_time_succeeds() {
    run(async {
        let mut backup = BackupUnderWay::begin().await;
        backup.program.signal("TERM");
        eventually("the end of listening", || async {
            let connected = TcpStream::connect(backup.program.address()).await;
            connected.is_err().then_some(())
        })
        .await;
        execute(&backup.lock, "ROLLBACK").await;
        let answer = backup.calling.await.expect("no panic").expect("a response");
        assert_eq!(answer.status, 200, "{answer:?}");
        assert_eq!(backup.program.ended().await.code(), Some(200));
        assert_eq!(manifests(backup.folder.path()), 1);
        no_session_is_left(&backup.own).await;
        no_session_is_left(&backup.source).await;
    });
}

#[test]
fn a_backup_that_does_not_end_in_time_fails_and_health_says_so() {
    run(async {
        let mut backup = BackupUnderWay::begin().await;
        terminated(&mut backup.program).await;
        let answer = backup.calling.await.expect("no panic").expect("a response");
        assert_eq!(answer.status, 500, "{answer:?}");
        assert_eq!(manifests(backup.folder.path()), 0);
        no_session_is_left(&backup.own).await;
        no_session_is_left(&backup.source).await;
        execute(&backup.lock, "ROLLBACK").await;
        let next = program_with_source(&backup.own, &backup.source, backup.folder.path()).await;
        let health = next.get("/health").await;
        let run = timer(&health.json(), "postfacto_backup");
        assert_eq!(run["observedValue"]["outcome"], "failed", "{run}");
        let again = next.post("/postfacto_backup", &occurrence(24)).await;
        assert_eq!(again.status, 200, "{again:?}");
        assert_eq!(manifests(backup.folder.path()), 1);
    });
}

/// Ends a program while a request waits for its database.
async fn ended_while_a_request_waits(program: &mut Program) {
    let mut request = asked(program.address(), ITEM).await;
    program.get("/health/live").await;
    terminated(program).await;
    let response = rest(&mut request).await;
    assert!(response.starts_with("HTTP/1.1 503 "), "{response}");
    assert!(response.contains("database-unavailable"), "{response}");
}

#[test]
fn a_program_whose_database_is_away_ends() {
    run(async {
        let mut program = Start::handler()
            .set("DATABASE_URL", AWAY)
            .set("DATABASE_WAIT", "2")
            .serving()
            .await;
        ended_while_a_request_waits(&mut program).await;
    });
}

#[test]
fn a_program_that_migrates_ends_and_leaves_a_database_for_the_next_one() {
    run(async {
        let database = Database::empty();
        let lock = database.connect().await;
        execute(&lock, MIGRATION_LOCK).await;
        let mut program = Start::handler()
            .set("DATABASE_URL", &database.url)
            .set("DATABASE_WAIT", "2")
            .serving()
            .await;
        waiting_for_a_lock(&database, 1).await;
        ended_while_a_request_waits(&mut program).await;
        execute(&lock, "ROLLBACK").await;
        no_session_is_left(&database).await;
        let half = "SELECT FROM pg_tables WHERE schemaname = 'public'";
        let half = lock.query(half, &[]).await.expect("it can be asked");
        assert!(half.is_empty(), "half a migration is left");
        ready(&Start::on(&database).await).await;
    });
}
