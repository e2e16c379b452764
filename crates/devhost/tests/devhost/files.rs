//! A change of the app's files restarts the app.

use std::{fs, time::Duration};

use devhost::Host;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::stage::{Stage, exchange, get, logged, ready, until};

/// An app, and a host that watches it.
async fn watched(members: &Value) -> Result<(Stage, Host), String> {
    let orders = json!({"reply": {"/item": {"delay": 0.3}}});
    let stage = Stage::new(members, &orders).http("item");
    let host = stage.start_with(|options| options.watch_files = true).await;
    ready(&host).await?;
    Ok((stage, host))
}

#[tokio::test]
async fn a_running_request_ends_on_its_handler() -> Result<(), String> {
    let (stage, host) = watched(&Value::Null).await?;
    let (port, pid) = (host.handler_port(), host.handler_pid());
    stage.http_at("item", "item");
    // Requests follow each other, so one is in flight when the handler changes.
    let mut requests = JoinSet::new();
    while host.handler_port() == port {
        requests.spawn(exchange(host.address(), "GET /item", "\r\n"));
        assert!(requests.len() < 400, "no restart");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    while let Some(reply) = requests.join_next().await {
        let reply = reply.expect("no panic").expect("a response");
        assert_eq!(reply.status, 200);
    }
    let process = format!("/proc/{}", pid.expect("a process"));
    until("the end of the first handler", || {
        !fs::exists(&process).unwrap_or(true)
    })
    .await?;
    assert_eq!(stage.lives(), 2);
    Ok(())
}

#[tokio::test]
async fn broken_files_are_503_until_they_are_repaired() -> Result<(), String> {
    let (stage, host) = watched(&Value::Null).await?;
    let good = fs::read_to_string(stage.path("app/host.json")).expect("it exists");
    stage.write("app/host.json", "{");
    logged(&host, "Function host is not running").await?;
    let reply = get(&host, "GET /item").await;
    let text = "Function host is not running.";
    assert_eq!((reply.status, reply.body.as_str()), (503, text));
    stage.write("app/host.json", &good);
    let repaired = async { while get(&host, "GET /item").await.status != 200 {} };
    crate::stage::within("a response", repaired).await
}

#[tokio::test]
async fn host_json_can_switch_restarts_off() -> Result<(), String> {
    let (stage, host) = watched(&json!({"fileWatchingEnabled": false})).await?;
    let port = host.handler_port();
    stage.write("app/host.json", "{");
    // Twice as long as a restart takes.
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(host.handler_port(), port);
    assert_eq!(get(&host, "GET /item").await.status, 200);
    Ok(())
}
