//! `enableProxyingHttpRequest`: the request as it was sent, streamed both ways.

use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::stage::{AppFolder, connect, get, logged, send, until, within};

fn app() -> AppFolder {
    AppFolder::new()
        .host("/extensions", json!({"http": {"routePrefix": ""}}))
        .http("All", json!({"route": "{*path}"}))
}

#[tokio::test]
async fn headers_are_the_client_s_and_those_the_host_sets() {
    let app = app();
    let host = app.start().await;
    let answer = send(
        &host,
        "GET / HTTP/1.1\r\nHost: shop.example\r\nUser-Agent: curl/8.9\r\nConnection: close\r\n\
         Keep-Alive: 5\r\nTE: trailers\r\nAccept: */*\r\nCookie: a=1\r\n\
         X-Forwarded-For: 1.2.3.4\r\nX-Forwarded-Host: evil.example\r\nX-Forwarded-Proto: https\r\n\
         x-ms-invocation-id: mine\r\nX-Azure-Functions-InvocationId: mine\r\n\
         X-Azure-Functions-HostVersion: 1\r\n\r\n",
    )
    .await;
    let invocation = answer.echoed("x-ms-invocation-id")[0].to_owned();
    assert_eq!(invocation.len(), 36);
    let mut lines: Vec<&str> = answer
        .body
        .lines()
        .skip(1)
        .filter(|line| !line.is_empty())
        .collect();
    lines.sort_unstable();
    let version = answer.echoed("x-azure-functions-hostversion")[0];
    assert!(version.starts_with("4."), "{version}");
    let expected = [
        "accept: */*".to_owned(),
        "cookie: a=1".to_owned(),
        format!("host: 127.0.0.1:{}", host.handler_port()),
        "user-agent: curl/8.9".to_owned(),
        format!("x-azure-functions-hostversion: {version}"),
        format!("x-azure-functions-invocationid: {invocation}"),
        "x-forwarded-for: 127.0.0.1".to_owned(),
        "x-forwarded-host: shop.example".to_owned(),
        "x-forwarded-proto: http".to_owned(),
        format!("x-ms-invocation-id: {invocation}"),
    ];
    assert_eq!(lines, expected);
    assert_eq!(answer.header("set-cookie"), ["a=1", "b=2"]);
    assert_eq!(answer.header("x-handler"), ["echo"]);
    assert!(answer.header("keep-alive").is_empty());
}

#[tokio::test]
async fn bodies_arrive_with_a_length_or_in_chunks_as_they_were_sent() {
    let app = app();
    let host = app.start().await;
    let head = "POST /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n";
    let length = send(&host, &format!("{head}Content-Length: 5\r\n\r\nhello")).await;
    assert_eq!(
        (length.echoed_body(), length.echoed("content-length")),
        ("hello", vec!["5"])
    );
    let chunks = "Transfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n";
    let chunked = send(&host, &format!("{head}{chunks}")).await;
    assert_eq!(chunked.echoed_body(), "hello");
    assert_eq!(chunked.echoed("transfer-encoding"), ["chunked"]);
    assert!(chunked.echoed("content-length").is_empty());
}

#[tokio::test]
async fn a_body_streams_through_while_it_is_still_being_sent() {
    let app = app();
    let host = app.start().await;
    let mut stream = connect(&host).await;
    let head = "POST /stream HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
    stream
        .write_all(head.as_bytes())
        .await
        .expect("the host reads");
    let mut seen = String::new();
    for part in ["first", "later"] {
        let chunk = format!("{:x}\r\n{part}\r\n", part.len());
        stream
            .write_all(chunk.as_bytes())
            .await
            .expect("the host reads");
        // The next part is sent only when this one has come back.
        while !seen.contains(part) {
            let mut bytes = [0; 1024];
            let count = within(stream.read(&mut bytes))
                .await
                .expect("the host answers");
            assert_ne!(count, 0, "closed after {seen}");
            seen += &String::from_utf8_lossy(&bytes[..count]);
        }
    }
}

#[tokio::test]
async fn any_status_passes_and_a_broken_answer_breaks_the_client_s() {
    let app = app();
    let host = app.start().await;
    for status in [201, 301, 404, 503] {
        let answer = get(&host, &format!("GET /status/{status}")).await;
        assert_eq!((answer.status, answer.body.as_str()), (status, "as told"));
    }
    let mut stream = connect(&host).await;
    stream
        .write_all(b"GET /twice HTTP/1.1\r\nHost: a\r\n\r\n")
        .await
        .expect("the host reads");
    let mut answer = String::new();
    // An end or a reset; whole it must not be.
    let _ = within(stream.read_to_string(&mut answer)).await;
    assert!(!answer.contains("\r\n0\r\n"), "{answer}");
}

#[tokio::test]
async fn a_client_that_goes_away_aborts_the_handler_s_work() {
    let app = app();
    let host = app.start().await;
    let mut stream = connect(&host).await;
    stream
        .write_all(b"GET /slow HTTP/1.1\r\nHost: a\r\n\r\n")
        .await
        .expect("the host reads");
    // The handler has it once a second request behind it was answered.
    get(&host, "GET /").await;
    drop(stream);
    logged(&host, "request gave up").await;
}

#[tokio::test]
async fn a_handler_that_dies_amid_a_request_is_an_empty_500() {
    let app = app();
    let host = app.start().await;
    let answer = get(&host, "GET /exit/0").await;
    assert_eq!((answer.status, answer.body.as_str()), (500, ""));
    until("a second start", || app.starts() == 2).await;
    assert_eq!(get(&host, "GET /").await.status, 200);
}

#[tokio::test]
async fn a_request_that_outlasts_function_timeout_is_500_and_costs_the_handler_its_life() {
    let app = app().host("/functionTimeout", json!("00:00:00.4"));
    let host = app.start().await;
    let pid = host.handler_pid();
    let answer = get(&host, "GET /slow").await;
    assert_eq!((answer.status, answer.body.as_str()), (500, ""));
    within(host.ready()).await.expect("a new handler");
    assert_ne!(host.handler_pid(), pid);
}
