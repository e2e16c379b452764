//! SIGTERM at each moment: a complete response or a visible abort, exit code 200 under a host, and no remaining
//! process or session. `handler` tests an upload that is incomplete when the signal arrives.

mod hosted;

use std::path::Path;
use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

use crate::harness::{
    Database, Program, Response, Start, client, end_of_listening, eventually, ready, run, timer,
    waiting_for_a_lock, with_program,
};

/// The end of a complete listing.
const END: &[u8] = b"]}\r\n0\r\n\r\n";

/// More than the system buffers for a reader.
const ROWS: &str = "INSERT INTO item (name) SELECT 'row ' || n FROM generate_series(1, 300000) n";

/// The address of a database that does not exist.
const AWAY: &str = "postgres://u@127.0.0.1:1/x?sslmode=disable";

const ITEM: &str = "GET /item/1 HTTP/1.1\r\nHost: shop.example\r\n\r\n";

/// The lock of the migrations (`database/migrations.rs`).
const MIGRATION_LOCK: &str = "BEGIN; SELECT pg_advisory_xact_lock(1835100014, 1835624306)";

async fn execute(client: &tokio_postgres::Client, sql: &str) {
    client.batch_execute(sql).await.expect("it is executed");
}

/// Sends SIGTERM, waits for the end, and checks it.
async fn terminated(program: &mut Program) {
    program.signal("TERM");
    assert_eq!(program.ended().await.code(), Some(200));
}

async fn assert_no_session_remains(database: &Database) {
    let client = database.connect().await;
    let count = "SELECT count(*) FROM pg_stat_activity
                  WHERE datname = current_database() AND pid <> pg_backend_pid()
                    AND application_name = 'magnusapi'";
    eventually("the end of all sessions", || async {
        let row = client
            .query_one(count, &[])
            .await
            .expect("the query succeeds");
        (row.get::<_, i64>(0) == 0).then_some(())
    })
    .await;
}

/// A connection on which a request was sent.
async fn sent(address: &str, request: &str) -> TcpStream {
    let mut socket = TcpStream::connect(address).await.expect("it listens");
    let sent = socket.write_all(request.as_bytes()).await;
    sent.expect("it is sent");
    socket
}

/// The data until the connection closes.
async fn rest(socket: &mut TcpStream) -> String {
    let mut rest = String::new();
    let read = socket.read_to_string(&mut rest).await;
    read.expect("it closes without a reset");
    rest
}

/// A connection on which a request was sent, and the first bytes of its response.
async fn begun(address: &str, request: &str) -> (TcpStream, Vec<u8>) {
    let mut socket = sent(address, request).await;
    let mut read = vec![0; 512];
    let count = socket.read(&mut read).await.expect("the response begins");
    read.truncate(count);
    (socket, read)
}

#[test]
fn an_idle_program_stops_at_once() {
    run(async {
        let database = Database::migrated();
        let mut program = Start::on(&database).await;
        program.make("x").await;
        let started = std::time::Instant::now();
        terminated(&mut program).await;
        // Far below the time limit of running requests.
        assert!(started.elapsed() < Duration::from_secs(5));
        assert_no_session_remains(&database).await;
    });
}

#[test]
fn a_listing_is_complete_or_breaks_off() {
    run(async {
        let database = Database::migrated();
        execute(&database.connect().await, ROWS).await;
        let mut program = Start::on(&database).await;
        let list = "GET /item HTTP/1.1\r\nHost: x\r\n\r\n";
        let (mut reads, mut whole) = begun(program.address(), list).await;
        let (mut stops, mut part) = begun(program.address(), list).await;
        program.signal("TERM");
        reads.read_to_end(&mut whole).await.expect("the rest");
        assert!(whole.ends_with(END), "the listing broke off");
        assert_eq!(program.ended().await.code(), Some(200));
        // An error means a broken connection, too.
        let _ = stops.read_to_end(&mut part).await;
        assert!(part.starts_with(b"HTTP/1.1 200"));
        assert!(!part.ends_with(END));
        assert_no_session_remains(&database).await;
    });
}

/// A creation, a rename and a deletion that wait for a lock on the items.
struct ChangesUnderWay {
    lock: tokio_postgres::Client,
    /// Each with the status of its success.
    requests: [(JoinHandle<Response>, u16); 3],
}

impl ChangesUnderWay {
    async fn begin(database: &Database, url: &str) -> ChangesUnderWay {
        let lock = database.connect().await;
        let items = "INSERT INTO item (name) VALUES ('old'), ('deleted') RETURNING id";
        let items = lock.query(items, &[]).await.expect("two items");
        let item = |index: usize| format!("/item/{}", items[index].get::<_, i64>(0));
        execute(&lock, "BEGIN; LOCK TABLE item IN ACCESS EXCLUSIVE MODE").await;
        let send = |method, path: &str, name: Option<&str>| {
            let mut request = client().request(method, format!("{url}{path}"));
            if let Some(name) = name {
                request = request.header("content-type", "application/json");
                request = request.body(json!({"name": name}).to_string());
            }
            tokio::spawn(Response::to(request))
        };
        let requests = [
            (send(Method::POST, "/item", Some("created")), 201),
            (send(Method::PATCH, &item(0), Some("renamed")), 200),
            (send(Method::DELETE, &item(1), None), 204),
        ];
        waiting_for_a_lock(database, 3).await;
        ChangesUnderWay { lock, requests }
    }

    async fn succeed(self) {
        execute(&self.lock, "ROLLBACK").await;
        for (request, status) in self.requests {
            let response = request.await.expect("no panic");
            assert_eq!(response.status, status, "{response:?}");
        }
        let names = "SELECT name FROM item ORDER BY name";
        let rows = self.lock.query(names, &[]).await.expect("the items");
        let names: Vec<&str> = rows.iter().map(|row| row.get(0)).collect();
        assert_eq!(names, ["created", "renamed"]);
    }
}

#[test]
fn changes_under_way_succeed() {
    run(async {
        let database = Database::migrated();
        let mut program = Start::on(&database).await;
        let changes = ChangesUnderWay::begin(&database, &program.url).await;
        program.signal("TERM");
        end_of_listening(program.address()).await;
        changes.succeed().await;
        assert_eq!(program.ended().await.code(), Some(200));
        assert_no_session_remains(&database).await;
    });
}

#[test]
fn a_rejected_upload_that_does_not_end_does_not_prevent_the_stop() {
    with_program(async |mut program: Program| {
        let head = "POST /item HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\n\
                    Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n";
        let (mut socket, mut response) = begun(program.address(), head).await;
        terminated(&mut program).await;
        // An error means a broken connection, too.
        let _ = socket.read_to_end(&mut response).await;
        let response = String::from_utf8_lossy(&response);
        assert!(response.starts_with("HTTP/1.1 415"), "{response}");
        assert!(response.ends_with('}'), "{response}");
    });
}

/// A backup that waits for a lock on the source.
struct BackupUnderWay {
    own: Database,
    source: Database,
    folder: tempfile::TempDir,
    lock: tokio_postgres::Client,
    program: Program,
    calling: JoinHandle<reqwest::Result<Response>>,
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
        let calling = tokio::spawn(Response::try_to(call));
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
fn a_backup_that_finishes_in_time_succeeds() {
    run(async {
        let mut backup = BackupUnderWay::begin().await;
        backup.program.signal("TERM");
        end_of_listening(backup.program.address()).await;
        execute(&backup.lock, "ROLLBACK").await;
        let response = backup.calling.await.expect("no panic").expect("a response");
        assert_eq!(response.status, 200, "{response:?}");
        assert_eq!(backup.program.ended().await.code(), Some(200));
        assert_eq!(manifests(backup.folder.path()), 1);
        assert_no_session_remains(&backup.own).await;
        assert_no_session_remains(&backup.source).await;
    });
}

#[test]
fn a_backup_that_does_not_finish_in_time_is_interrupted_and_health_reports_it() {
    run(async {
        let mut backup = BackupUnderWay::begin().await;
        terminated(&mut backup.program).await;
        let response = backup.calling.await.expect("no panic").expect("a response");
        assert_eq!(response.status, 500, "{response:?}");
        assert_eq!(manifests(backup.folder.path()), 0);
        assert_no_session_remains(&backup.own).await;
        assert_no_session_remains(&backup.source).await;
        execute(&backup.lock, "ROLLBACK").await;
        let next = program_with_source(&backup.own, &backup.source, backup.folder.path()).await;
        let health = next.get("/health").await;
        let run = timer(&health.json(), "postfacto_backup");
        assert_eq!(run["observedValue"]["outcome"], "interrupted", "{run}");
        let again = next.post("/postfacto_backup", &occurrence(24)).await;
        assert_eq!(again.status, 200, "{again:?}");
        assert_eq!(manifests(backup.folder.path()), 1);
    });
}

/// Stops a program while a request waits for its database.
async fn assert_stops_while_a_request_waits(program: &mut Program) {
    let mut request = sent(program.address(), ITEM).await;
    program.get("/health/live").await;
    terminated(program).await;
    let response = rest(&mut request).await;
    assert!(response.starts_with("HTTP/1.1 503 "), "{response}");
    assert!(response.contains("database-unavailable"), "{response}");
}

#[test]
fn a_program_without_its_database_stops() {
    run(async {
        let mut program = Start::handler()
            .set("DATABASE_URL", AWAY)
            .set("DATABASE_WAIT", "2")
            .serving()
            .await;
        assert_stops_while_a_request_waits(&mut program).await;
    });
}

#[test]
fn a_migrating_program_stops_and_the_next_one_migrates() {
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
        assert_stops_while_a_request_waits(&mut program).await;
        execute(&lock, "ROLLBACK").await;
        assert_no_session_remains(&database).await;
        let half = "SELECT FROM pg_tables WHERE schemaname = 'public'";
        let half = lock.query(half, &[]).await.expect("the query succeeds");
        assert!(half.is_empty(), "a part of a migration remains");
        ready(&Start::on(&database).await).await;
    });
}
