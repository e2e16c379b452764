//! Slow, silent, too many, and disconnected clients: they do not lock out the others.

use std::time::Duration;

use reqwest::Method;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::harness::{
    Database, Program, Start, TIMEOUT, eventually, run, waiting_for_a_lock, with_program,
};

const HEAD: &str = "POST /item HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n";
const LIVE: &str = "GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n";

/// A connection on which `bytes` have been sent.
async fn sent(program: &Program, bytes: &str) -> TcpStream {
    let mut socket = TcpStream::connect(program.address())
        .await
        .expect("it listens");
    socket
        .write_all(bytes.as_bytes())
        .await
        .expect("it is sent");
    socket
}

/// The data until the server closes the connection.
async fn rest(socket: &mut TcpStream) -> String {
    let mut rest = Vec::new();
    let reading = socket.read_to_end(&mut rest);
    // A reset closes the connection, too.
    let _ = tokio::time::timeout(TIMEOUT, reading)
        .await
        .expect("the server closes in time");
    String::from_utf8_lossy(&rest).into_owned()
}

/// One response whose body ends with `last`.
async fn read_response(socket: &mut TcpStream, last: &str) -> String {
    let mut response = Vec::new();
    let reading = async {
        while !response.ends_with(last.as_bytes()) {
            let read = socket.read_buf(&mut response).await.expect("it is read");
            assert!(read > 0, "{}", String::from_utf8_lossy(&response));
        }
    };
    tokio::time::timeout(TIMEOUT, reading)
        .await
        .expect("the response arrives in time");
    String::from_utf8_lossy(&response).into_owned()
}

#[test]
fn a_connection_without_a_whole_head_is_closed() {
    run(async {
        let program = Start::handler()
            .set("DATABASE_URL", &Database::migrated().url)
            .set("HTTP_HEADER_TIMEOUT", "1")
            .serving()
            .await;
        let mut sockets = Vec::new();
        for start in ["", "GET / HTTP/1.1\r\n", HEAD] {
            sockets.push(sent(&program, start).await);
        }
        // The time of a second request starts again.
        let mut reused = sent(&program, LIVE).await;
        read_response(&mut reused, "}").await;
        let half = reused.write_all(b"GET /item HTTP/1.1\r\n");
        half.await.expect("it is sent");
        sockets.push(reused);
        for mut socket in sockets {
            assert_eq!(rest(&mut socket).await, "");
        }
    });
}

#[test]
fn a_connection_without_a_next_request_is_closed() {
    run(async {
        let program = Start::handler()
            .set("DATABASE_URL", &Database::migrated().url)
            .set("HTTP_IDLE_TIMEOUT", "1")
            .serving()
            .await;
        let mut socket = sent(&program, LIVE).await;
        let response = rest(&mut socket).await;
        assert!(response.starts_with("HTTP/1.1 200"), "{response}");
        assert_eq!(response.matches("HTTP/1.1").count(), 1, "{response}");
    });
}

#[test]
fn a_body_that_pauses_gets_408_and_its_connection_closes() {
    run(async {
        let program = Start::handler()
            .set("DATABASE_URL", &Database::migrated().url)
            .set("HTTP_BODY_TIMEOUT", "1")
            .serving()
            .await;
        for framing in [
            "Content-Length: 20\r\n\r\n{",
            "Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n",
        ] {
            let mut socket = sent(&program, &format!("{HEAD}{framing}")).await;
            let response = rest(&mut socket).await;
            assert!(response.starts_with("HTTP/1.1 408"), "{response}");
            assert!(
                response.contains("urn:magnusapi:problem:body-too-slow"),
                "{response}"
            );
            assert!(response.contains("connection: close\r\n"), "{response}");
        }
    });
}

/// The Functions host passes an early response on only after it has sent the whole body.
#[test]
fn a_rejected_upload_gets_its_response_before_a_slow_rest() {
    with_program(async |program: Program| {
        let mut socket = sent(
            &program,
            "POST /item HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/plain\r\n\
             Transfer-Encoding: chunked\r\n\r\n",
        )
        .await;
        let early = read_response(&mut socket, "}").await;
        assert!(early.starts_with("HTTP/1.1 415"), "{early}");
        // The test needs this pace: the upload takes longer than any limit for a whole body.
        for _ in 0..12 {
            socket
                .write_all(b"5\r\nhello\r\n")
                .await
                .expect("it is read");
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        socket.write_all(b"0\r\n\r\n").await.expect("it is read");
        // The server has read all of it, so the connection can send the next request.
        socket.write_all(LIVE.as_bytes()).await.expect("it is sent");
        let next = read_response(&mut socket, "}").await;
        assert!(next.starts_with("HTTP/1.1 200"), "{next}");
    });
}

#[test]
fn idle_connections_do_not_lock_out_new_clients() {
    run(async {
        let database = Database::migrated();
        let program = Start::handler()
            .set("DATABASE_URL", &database.url)
            .descriptors(64)
            .serving()
            .await;
        let mut idle = Vec::new();
        for number in 0..100 {
            // Some had a response, some sent a part of a request, some nothing.
            let start = [LIVE, HEAD, ""][number % 3];
            let mut socket = sent(&program, start).await;
            if start == LIVE {
                read_response(&mut socket, "}").await;
            }
            idle.push(socket);
        }
        program.make("a late client").await;
        assert_eq!(program.get("/item?limit=1").await.status, 200);
    });
}

#[test]
fn a_client_gets_503_when_all_connections_are_busy() {
    run(async {
        let program = Start::handler()
            .set("DATABASE_URL", &Database::migrated().url)
            .set("HTTP_CONNECTIONS", "2")
            .serving()
            .await;
        let mut busy = Vec::new();
        for _ in 0..2 {
            let head = format!("{HEAD}Content-Length: 15\r\nExpect: 100-continue\r\n\r\n");
            let mut socket = sent(&program, &head).await;
            // It is busy when it requests the body.
            read_response(&mut socket, "100 Continue\r\n\r\n").await;
            busy.push(socket);
        }
        let mut third = sent(&program, LIVE).await;
        let response = rest(&mut third).await;
        assert!(response.starts_with("HTTP/1.1 503"), "{response}");
        assert!(
            response.contains("urn:magnusapi:problem:too-many-connections"),
            "{response}"
        );
        assert!(response.contains("connection: close\r\n"), "{response}");
        assert!(response.contains("retry-after: "), "{response}");
        // The busy connections continue, and the next client gets the place of one that has finished.
        busy[0]
            .write_all(b"{\"name\":\"good\"}")
            .await
            .expect("it is sent");
        let made = read_response(&mut busy[0], "}}").await;
        assert!(made.starts_with("HTTP/1.1 201"), "{made}");
        eventually("a free place", || async {
            let response = crate::harness::send_raw(program.address(), LIVE.as_bytes()).await;
            (response.status == 200).then_some(())
        })
        .await;
    });
}

#[test]
fn a_client_that_disconnects_before_the_response_is_logged() {
    run(async {
        let database = Database::migrated();
        let program = Start::on(&database).await;
        program.make("locked").await;
        let blocker = database.connect().await;
        blocker
            .batch_execute("BEGIN; LOCK TABLE item IN ACCESS EXCLUSIVE MODE")
            .await
            .expect("the table is locked");
        let request = program.with_json(Method::PATCH, "/item/1", &json!({"name": "x"}));
        let request = tokio::spawn(request.send());
        waiting_for_a_lock(&database, 1).await;
        request.abort();
        let line = program
            .line(|line| line.contains("the client disconnected before the response"))
            .await;
        assert!(line.contains("PATCH item"), "{line}");
        assert!(line.contains("invocation_id"), "{line}");
    });
}
