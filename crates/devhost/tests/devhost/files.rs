//! A change of the app's files restarts the app.

use std::fs;

use devhost::HostOptions;
use serde_json::json;

use crate::stage::{AppFolder, get, logged, send_to, until, within};

fn app() -> AppFolder {
    AppFolder::new()
        .host("/extensions", json!({"http": {"routePrefix": ""}}))
        .http("pause", json!({}))
        .http("Item", json!({}))
}

fn watching(app: &AppFolder) -> HostOptions {
    HostOptions {
        watch_files: true,
        ..app.options("ok")
    }
}

#[tokio::test]
async fn running_request_ends_on_its_handler() {
    let app = app();
    let host = app.launch(watching(&app)).await;
    within(host.ready()).await.expect("the handler responds");
    let (port, pid) = (host.handler_port(), host.handler_pid());
    // Requests follow each other, so one is under way when the handler changes.
    let address = host.address();
    let mut requests = tokio::task::JoinSet::new();
    let mut sent = 0;
    fs::write(
        app.path("Item/function.json"),
        fs::read(app.path("Item/function.json")).expect("it is there"),
    )
    .expect("it is written anew");
    while host.handler_port() == port {
        requests.spawn(send_to(
            address,
            "GET /pause HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        ));
        sent += 1;
        assert!(sent < 200, "no restart");
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    while let Some(reply) = requests.join_next().await {
        assert_eq!(reply.expect("a response").status, 200);
    }
    until("the handler before has ended", || {
        !std::path::Path::new(&format!("/proc/{}", pid.expect("a process"))).exists()
    })
    .await;
    assert_eq!(app.starts(), 2);
}

#[tokio::test]
async fn broken_files_are_503_until_they_are_repaired() {
    let app = app();
    let host = app.launch(watching(&app)).await;
    within(host.ready()).await.expect("the handler responds");
    let good = fs::read(app.path("host.json")).expect("it is there");
    fs::write(app.path("host.json"), "{").expect("it is broken");
    logged(&host, "Function host is not running").await;
    let reply = get(&host, "GET /Item").await;
    assert_eq!(
        (reply.status, reply.body.as_str()),
        (503, "Function host is not running.")
    );
    fs::write(app.path("host.json"), good).expect("it is repaired");
    within(async { while get(&host, "GET /Item").await.status != 200 {} }).await;
}

#[tokio::test]
async fn host_json_can_switch_restarts_off() {
    let app = app().host("/fileWatchingEnabled", json!(false));
    let host = app.launch(watching(&app)).await;
    within(host.ready()).await.expect("the handler responds");
    let port = host.handler_port();
    fs::write(app.path("host.json"), "{").expect("it is broken");
    // Twice as long as a restart takes.
    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    assert_eq!(host.handler_port(), port);
    assert_eq!(get(&host, "GET /Item").await.status, 200);
}
