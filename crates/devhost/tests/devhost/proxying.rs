//! `enableProxyingHttpRequest`: the request as it was sent, streamed both ways.

use std::time::Duration;

use devhost::{HostOptions, Limits};
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::stage::{AppFolder, connect, get, logged, send, within};

fn app() -> AppFolder {
    AppFolder::new()
        .host("/extensions", json!({"http": {"routePrefix": ""}}))
        .http("All", json!({"route": "{*path}"}))
}

#[tokio::test]
async fn handler_gets_headers_of_client_and_host() {
    let app = app();
    let host = app.start().await;
    let reply = send(
        &host,
        "GET / HTTP/1.1\r\nHost: shop.example\r\nUser-Agent: curl/8.9\r\nConnection: close\r\n\
         Keep-Alive: 5\r\nTE: trailers\r\nAccept: */*\r\nCookie: a=1\r\n\
         X-Forwarded-For: 1.2.3.4\r\nX-Forwarded-Host: evil.example\r\nX-Forwarded-Proto: https\r\n\
         x-ms-invocation-id: mine\r\nX-Azure-Functions-InvocationId: mine\r\n\
         X-Azure-Functions-HostVersion: 1\r\n\r\n",
    )
    .await;
    let invocation = reply.echoed("x-ms-invocation-id")[0].to_owned();
    assert_eq!(invocation.len(), 36);
    let mut lines: Vec<&str> = reply
        .body
        .lines()
        .skip(1)
        .filter(|line| !line.is_empty())
        .collect();
    lines.sort_unstable();
    let version = reply.echoed("x-azure-functions-hostversion")[0];
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
    assert_eq!(reply.header("set-cookie"), ["a=1", "b=2"]);
    assert_eq!(reply.header("x-handler"), ["echo"]);
    assert!(reply.header("keep-alive").is_empty());
}

#[tokio::test]
async fn every_status_is_forwarded_and_a_broken_response_stays_broken() {
    let app = app();
    let host = app.start().await;
    for status in [201, 301, 404, 503] {
        let reply = get(&host, &format!("GET /status/{status}")).await;
        assert_eq!(
            (reply.status, reply.body.as_str()),
            (status, "as requested")
        );
    }
    let mut stream = connect(&host).await;
    stream
        .write_all(b"GET /twice HTTP/1.1\r\nHost: a\r\n\r\n")
        .await
        .expect("the host reads");
    let mut reply = String::new();
    // An end or a reset, but not the whole body.
    let _ = within(stream.read_to_string(&mut reply)).await;
    assert!(!reply.contains("\r\n0\r\n"), "{reply}");
}

#[tokio::test]
async fn client_that_disconnects_aborts_the_request() {
    let app = app();
    let host = app.start().await;
    let mut stream = connect(&host).await;
    stream
        .write_all(b"GET /slow HTTP/1.1\r\nHost: a\r\n\r\n")
        .await
        .expect("the host reads");
    // The handler has received it when a second request has its response.
    get(&host, "GET /").await;
    drop(stream);
    logged(&host, "request gave up").await;
}

#[tokio::test]
async fn function_timeout_kills_the_handler_and_requests_without_a_body_are_sent_again() {
    let app = app().host("/functionTimeout", json!("00:00:00.6"));
    let mut options = quick(&app);
    options.limits.idle = Limits::default().idle;
    options.limits.timeout_grace = Duration::from_millis(500);
    let host = app.launch(options).await;
    within(host.ready()).await.expect("the handler responds");
    let pid = host.handler_pid();
    let started = std::time::Instant::now();
    // These come in the grace, when the first one is over its time.
    let later = async {
        logged(&host, "functionTimeout").await;
        let with_body = "POST /slow HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\
                         Connection: close\r\n\r\nx";
        tokio::join!(get(&host, "GET /slow-once"), send(&host, with_body))
    };
    let (timed_out, (bystander, with_body)) = tokio::join!(get(&host, "GET /slow"), later);
    assert_eq!((timed_out.status, timed_out.body.as_str()), (500, ""));
    assert_eq!(with_body.status, 500);
    // The second process gets this one again, and responds.
    assert_eq!(
        (bystander.status, bystander.body.as_str()),
        (200, "a later life")
    );
    // functionTimeout and the grace.
    assert!(started.elapsed() >= Duration::from_millis(1100));
    within(host.ready()).await.expect("a new handler");
    assert_ne!(host.handler_pid(), pid);
}

#[tokio::test]
async fn silent_handler_is_500_or_a_reset() {
    let app = app();
    let host = app.launch(quick(&app)).await;
    within(host.ready()).await.expect("the handler responds");
    let silent = get(&host, "GET /slow").await;
    assert_eq!((silent.status, silent.body.as_str()), (500, ""));
    let mut stream = connect(&host).await;
    stream
        .write_all(b"GET /hangs HTTP/1.1\r\nHost: a\r\n\r\n")
        .await
        .expect("the host reads");
    let mut reply = Vec::new();
    within(stream.read_to_end(&mut reply))
        .await
        .expect_err("a reset");
    assert!(String::from_utf8_lossy(&reply).contains("one"));
}

#[tokio::test]
async fn stalled_body_never_reaches_the_handler() {
    let app = app();
    let host = app.launch(quick(&app)).await;
    let mut stream = connect(&host).await;
    stream
        .write_all(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc")
        .await
        .expect("the host reads");
    let mut reply = String::new();
    within(stream.read_to_string(&mut reply))
        .await
        .expect("a response");
    assert!(reply.starts_with("HTTP/1.1 500 "), "{reply}");
}

/// Options with short waits.
fn quick(app: &AppFolder) -> HostOptions {
    HostOptions {
        limits: Limits {
            body_grace: Duration::from_millis(200),
            idle: Duration::from_millis(400),
            timeout_grace: Duration::from_millis(200),
            ..Limits::default()
        },
        ..app.options("ok")
    }
}
