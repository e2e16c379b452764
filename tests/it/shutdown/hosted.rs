//! The same under a Functions host, which gets the signal itself: it waits for requests and runs, and kills the
//! program.

use std::path::Path;

use devhost::Host;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::{
    AWAY, ChangesUnderWay, END, ITEM, MIGRATION_LOCK, ROWS, assert_no_session_remains, begun,
    execute, manifests, rest, sent,
};
use crate::harness::{
    AppFolder, Database, Response, client, end_of_listening, run, start, waiting_for_a_lock,
};

/// Stops the host while `meanwhile` runs, and checks that its handler has ended.
async fn stopped<T>(host: Host, meanwhile: impl Future<Output = T>) -> T {
    let handler = host.handler_pid().expect("it runs");
    let address = host.address();
    let (result, ()) = tokio::join!(
        async {
            end_of_listening(&address.to_string()).await;
            meanwhile.await
        },
        host.drain()
    );
    let process = Path::new("/proc").join(handler.to_string());
    assert!(!process.exists(), "the handler is still running");
    result
}

#[test]
fn an_idle_host_leaves_no_session() {
    run(async {
        let (app, database) = (AppFolder::new(), Database::migrated());
        let host = start(app.on(&database)).await;
        stopped(host, async {}).await;
        assert_no_session_remains(&database).await;
    });
}

#[test]
fn a_listing_is_complete() {
    run(async {
        let (app, database) = (AppFolder::new(), Database::migrated());
        execute(&database.connect().await, ROWS).await;
        let host = start(app.on(&database)).await;
        let list = "GET /item HTTP/1.1\r\nHost: shop.example\r\n\r\n";
        let (mut socket, mut read) = begun(&host.address().to_string(), list).await;
        stopped(host, async {
            socket.read_to_end(&mut read).await.expect("the rest");
        })
        .await;
        assert!(read.ends_with(END), "the listing broke off");
        assert_no_session_remains(&database).await;
    });
}

#[test]
fn changes_under_way_succeed() {
    run(async {
        let (app, database) = (AppFolder::new(), Database::migrated());
        let host = start(app.on(&database)).await;
        let changes = ChangesUnderWay::begin(&database, &host.url()).await;
        stopped(host, changes.succeed()).await;
        assert_no_session_remains(&database).await;
    });
}

#[test]
fn a_slow_upload_gets_its_response() {
    run(async {
        let (app, database) = (AppFolder::new(), Database::migrated());
        let host = start(app.on(&database)).await;
        let mut sockets = Vec::new();
        for media_type in ["application/json", "text/plain"] {
            let head = format!(
                "POST /item HTTP/1.1\r\nHost: shop.example\r\nContent-Type: {media_type}\r\n\
                 Transfer-Encoding: chunked\r\n\r\n9\r\n{{\"name\": \r\n"
            );
            sockets.push(sent(&host.address().to_string(), &head).await);
        }
        // A later request succeeded, so these have reached the program.
        let live = client().get(format!("{}/health/live", host.url()));
        assert_eq!(Response::to(live).await.status, 200);
        let responses = stopped(host, async {
            let mut responses = Vec::new();
            for mut socket in sockets {
                let end = b"7\r\n\"late\"}\r\n0\r\n\r\n";
                socket.write_all(end).await.expect("it is sent");
                responses.push(rest(&mut socket).await);
            }
            responses
        })
        .await;
        for (response, status) in responses.iter().zip(["201", "415"]) {
            let expected = format!("HTTP/1.1 {status} ");
            assert!(response.starts_with(&expected), "{response}");
        }
    });
}

#[test]
fn a_running_backup_finishes() {
    run(async {
        let (app, own, source) = (AppFolder::new(), Database::migrated(), Database::empty());
        let folder = tempfile::tempdir().expect("a folder");
        let lock = source.connect().await;
        execute(&lock, "CREATE TABLE big AS SELECT 1 AS n").await;
        execute(&lock, "BEGIN; LOCK TABLE big IN ACCESS EXCLUSIVE MODE").await;
        let mut options = app
            .on(&own)
            .setting("BACKUP_URL", format!("file://{}", folder.path().display()))
            .setting("BACKUP_DATABASES", "shop")
            .setting("BACKUP_DATABASE_URL_SHOP", &source.url)
            .setting("BACKUP_SCHEDULE", "* * * * * *");
        options.timers = true;
        let host = start(options).await;
        waiting_for_a_lock(&source, 1).await;
        stopped(host, execute(&lock, "ROLLBACK")).await;
        // The next second may have been due before the host stopped.
        let runs = std::fs::read_dir(folder.path().join("shop")).expect("a folder");
        let whole = manifests(folder.path());
        assert!(whole > 0 && whole == runs.count(), "{whole} are complete");
        assert_no_session_remains(&own).await;
        assert_no_session_remains(&source).await;
    });
}

/// The response to a request that waits for the database while the host stops.
async fn waited(database: &Database, is_waiting: impl Future<Output = ()>) -> String {
    let app = AppFolder::new();
    let host = start(app.on(database).setting("DATABASE_WAIT", "2")).await;
    let mut request = sent(&host.address().to_string(), ITEM).await;
    is_waiting.await;
    let live = client().get(format!("{}/health/live", host.url()));
    assert_eq!(Response::to(live).await.status, 200);
    stopped(host, rest(&mut request)).await
}

#[test]
fn a_program_without_its_database_is_stopped() {
    run(async {
        let database = Database {
            url: AWAY.to_owned(),
        };
        let response = waited(&database, async {}).await;
        assert!(response.starts_with("HTTP/1.1 503 "), "{response}");
        assert!(response.contains("database-unavailable"), "{response}");
    });
}

#[test]
fn a_migrating_program_is_stopped() {
    run(async {
        let database = Database::empty();
        let lock = database.connect().await;
        execute(&lock, MIGRATION_LOCK).await;
        let response = waited(&database, waiting_for_a_lock(&database, 1)).await;
        assert!(response.starts_with("HTTP/1.1 503 "), "{response}");
        assert!(response.contains("database-unavailable"), "{response}");
        execute(&lock, "ROLLBACK").await;
        assert_no_session_remains(&database).await;
    });
}
