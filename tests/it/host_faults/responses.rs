//! Responses that the Functions host makes itself: docs/api.md lists them.

use std::time::Duration;

use devhost::{Host, Keys};
use futures_util::future::join_all;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::creation;
use crate::harness::{AppFolder, Database, Response, client, run, start, waiting_for_a_lock};

/// All tries of a request take 1.85 s.
const ALL_TRIES: Duration = Duration::from_millis(1600);

/// Asserts that the docs have a row for this status with these words.
#[track_caller]
fn assert_documented(status: &str, words: &str) {
    let docs = include_str!("../../../docs/api.md");
    let (_, section) = docs
        .split_once("### Responses of the Functions host")
        .expect("the section");
    let mut rows = section.lines().take_while(|line| !line.starts_with("##"));
    let row = rows.find(|row| row.starts_with(&format!("| {status}")) && row.contains(words));
    assert!(row.is_some(), "{status}: {words}");
}

/// The response to these bytes, until the host closes the connection.
async fn response(host: &Host, request: &[u8]) -> String {
    let socket = TcpStream::connect(host.address()).await;
    let mut socket = socket.expect("the host listens");
    // The host may respond and close the connection before it has read everything.
    let _ = socket.write_all(request).await;
    let mut response = Vec::new();
    let _ = socket.read_to_end(&mut response).await;
    String::from_utf8_lossy(&response).into_owned()
}

fn get(target: &str, headers: &str) -> Vec<u8> {
    format!("GET {target} HTTP/1.1\r\n{headers}Connection: close\r\n\r\n").into_bytes()
}

fn post(target: &str, headers: &str) -> Vec<u8> {
    format!(
        "POST {target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\
         Content-Type: application/json\r\n{headers}\r\n"
    )
    .into_bytes()
}

#[test]
fn documented_rejections_of_the_host_are_empty() {
    run(async {
        let (app, database) = (AppFolder::new(), Database::migrated());
        let mut options = app.on(&database);
        options.keys = Some(Keys::random());
        options.limits.body_grace = Duration::from_millis(300);
        let host = start(options).await;
        let (host, a) = (&host, "Host: a\r\n");
        let long = "x".repeat(8 * 1024);
        let many = (0..100).map(|number| format!("X-{number}: a\r\n"));
        let many = a.to_owned() + &many.collect::<String>();
        let large = format!("{a}X-Large: {}\r\n", "x".repeat(33 * 1024));
        let cases = [
            ("400", "no `Host`", get("/item", "")),
            ("400", "two", get("/item", "Host: a\r\nHost: a\r\n")),
            ("400", "is not a host", get("/item", "Host: a b\r\n")),
            ("400", "`%00`", get("/item/%00", a)),
            (
                "400",
                "a byte above 127 in the path",
                get("/item/\u{fc}", a),
            ),
            (
                "400",
                "two lengths",
                post("/item", "Content-Length: 2\r\nContent-Length: 2\r\n"),
            ),
            ("401", "wrong key", get("/scale/plan?code=wrong", a)),
            ("401", "missing", post("/run-due", "")),
            ("404", "no function has a route", get("/nowhere", a)),
            ("414", "above 8 KB", get(&format!("/{long}"), a)),
            ("431", "above 32 KB", get("/item", &large)),
            ("431", "more than 100", get("/item", &many)),
            (
                "500 |",
                "above 100 MiB",
                post("/item", "Content-Length: 104857601\r\n"),
            ),
            (
                "500 |",
                "slower than 240 bytes a second",
                post("/item", "Content-Length: 2\r\n"),
            ),
            (
                "500 |",
                "a header with a byte outside of ASCII",
                post(
                    "/item",
                    "Idempotency-Key: \u{fc}\r\nContent-Length: 2\r\n\r\n{}",
                ),
            ),
        ];
        let played = cases.iter().map(|(status, words, request)| async move {
            assert_documented(status, words);
            let response = response(host, request).await;
            let status = &status[..3];
            let start = format!("HTTP/1.1 {status} ");
            assert!(response.starts_with(&start), "{words}: {response}");
            assert!(response.ends_with("\r\n\r\n"), "{words}: {response}");
            let head = response.to_lowercase();
            assert!(!head.contains("x-request-id"), "{words}: {response}");
        });
        join_all(played).await;
    });
}

#[test]
fn a_creation_whose_process_is_killed_gets_an_empty_500_after_all_tries() {
    run(async {
        assert_documented("500, after 1.9 s", "*perhaps done*");
        let (app, database) = (AppFolder::new(), Database::migrated());
        let host = start(app.on(&database)).await;
        let lock = database.connect().await;
        let begin = "BEGIN; LOCK TABLE item IN ACCESS EXCLUSIVE MODE";
        lock.batch_execute(begin).await.expect("a lock");
        let request = creation(&client(), &host.url(), "perhaps done");
        let request = tokio::spawn(Response::to(request));
        waiting_for_a_lock(&database, 1).await;
        host.kill_handler().await;
        let killed = std::time::Instant::now();
        let response = request.await.expect("no panic");
        assert!(killed.elapsed() > ALL_TRIES, "{:?}", killed.elapsed());
        assert_eq!(response.status, 500, "{response:?}");
        assert!(response.body.is_empty(), "{response:?}");
        assert_eq!(response.header("x-request-id"), "");
        lock.batch_execute("ROLLBACK")
            .await
            .expect("it is released");
        host.shutdown().await;
    });
}
