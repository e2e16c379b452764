//! The memory of a connection is bounded, also with a slow client. A process that needs more memory than its
//! instance has would end with all its requests.

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::harness::{Database, Program, Response, Start, eventually, run};

/// Connections with each request.
const CLIENTS: usize = 250;

/// Maximum memory for each connection (docs/settings.md). The test compares resident memory, because the allocator
/// reserves much more address space than it uses.
const KIBIBYTES_EACH: u64 = 410;

/// A thousand of the longest names: 255 characters of 4 bytes.
const LONGEST: &str = "INSERT INTO item (name)
    SELECT repeat(U&'\\+01F980', 251) || to_char(n, 'FM0000') FROM generate_series(1, 1000) n";

/// A client that sends a request, reads the first bytes of the response, and then stops.
async fn stops_reading(program: &Program, request: String) -> TcpStream {
    let mut socket = TcpStream::connect(program.address())
        .await
        .expect("it listens");
    let sent = socket.write_all(request.as_bytes()).await;
    sent.expect("it is sent");
    let mut begun = [0; 12];
    socket
        .read_exact(&mut begun)
        .await
        .expect("the response begins");
    assert!(
        [&b"HTTP/1.1 200"[..], b"HTTP/1.1 100"].contains(&&begun[..]),
        "{}",
        String::from_utf8_lossy(&begun)
    );
    socket
}

/// The start of a creation whose head and body are as large as allowed. The server asks for its rest.
fn large_body() -> String {
    format!(
        "POST /item HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nX-Padding: {}\r\n\
         Content-Length: 65536\r\nExpect: 100-continue\r\n\r\n{{\"name\": \"{}",
        "x".repeat(30_000),
        "x".repeat(60_000)
    )
}

#[test]
fn slow_clients_with_large_bodies_and_pages_need_bounded_memory() {
    run(async {
        let database = Database::migrated();
        let filled = database.connect().await;
        filled.batch_execute(LONGEST).await.expect("the items");
        let mut program = Start::handler()
            .set("DATABASE_URL", &database.url)
            // On a busy machine, the last of the clients begins long after the first one.
            .set("DATABASE_WAIT", "60")
            .set("DATABASE_STATEMENT_TIMEOUT", "60")
            .set("HTTP_BODY_TIMEOUT", "120")
            .serving()
            .await;
        let before = program.resident().now;
        let page = "GET /item?limit=1000 HTTP/1.1\r\nHost: x\r\n\r\n";
        let requests = [page.to_owned(), large_body()];
        let clients = requests
            .iter()
            .flat_map(|request| (0..CLIENTS).map(|_| stops_reading(&program, request.clone())));
        let clients = join_all(clients).await;
        program.make("a late client").await;
        let response = program.get("/item?limit=1000").await.json();
        let items = response["data"].as_array().map_or(0, Vec::len);
        assert!((100..1000).contains(&items), "{items} items");
        let peak = program.resident().peak;
        let bound = before + KIBIBYTES_EACH * 2 * CLIENTS as u64;
        assert!(peak < bound, "{peak} KiB, {before} KiB before");
        drop(clients);
        let long = "x".repeat(60_000);
        let rest = program.post("/item", &json!({"name": long})).await;
        rest.problem(422, "invalid-item");
        program.signal("TERM");
        assert_eq!(program.ended().await.code(), Some(200));
    });
}

/// Whether the server reads the rest of the body. If not, it has responded with 503 or closed the connection.
async fn is_admitted(program: &Program, request: &str) -> (bool, TcpStream) {
    let mut socket = TcpStream::connect(program.address())
        .await
        .expect("it listens");
    // The server may have closed the connection.
    let _ = socket.write_all(request.as_bytes()).await;
    let mut begun = [0; 12];
    let read = socket.read_exact(&mut begun).await;
    (read.is_ok() && &begun == b"HTTP/1.1 100", socket)
}

#[test]
fn clients_beyond_the_memory_are_rejected_and_the_process_survives() {
    run(async {
        let database = Database::migrated();
        let mut program = Start::handler()
            .set("DATABASE_URL", &database.url)
            .memory(60_000)
            .serving()
            .await;
        program
            .line(|line| line.contains("58 MiB of memory allow 36 connections"))
            .await;
        program.make("an early client").await;
        let request = large_body();
        let clients = (0..CLIENTS).map(|_| is_admitted(&program, &request));
        let clients = join_all(clients).await;
        let admitted = clients.iter().filter(|(admitted, _)| *admitted).count();
        // 16 more may be open while others close.
        assert!(
            (1..=36 + 16).contains(&admitted),
            "{admitted} were admitted"
        );
        drop(clients);
        eventually("a free connection", || async {
            let live = Response::try_to(program.request(Method::GET, "/health/live")).await;
            live.ok().filter(|it| it.status == 200)
        })
        .await;
        program.make("a late client").await;
        program.signal("TERM");
        assert_eq!(program.ended().await.code(), Some(200));
    });
}
