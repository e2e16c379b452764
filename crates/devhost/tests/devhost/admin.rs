//! Runs by hand, and the state of the functions.

use devhost::{Host, Keys};
use serde_json::{Value, json};

use crate::stage::{Stage, by_hand, exchange, get, logged, until};

async fn run(host: &Host, function: &str, body: &str) -> u16 {
    let status = by_hand(host.address(), function, body).await;
    status.expect("a response")
}

#[tokio::test]
async fn a_run_by_hand_is_202_at_once() -> Result<(), String> {
    let orders = json!({"reply": {"/slow": {"delay": 60}}});
    let yearly = "0 0 3 1 1 *";
    let stage = Stage::new(&Value::Null, &orders)
        .http("item")
        .timer("good", yearly, &json!({}))
        .timer("odd", "%WHEN%", &json!({}))
        .timer("slow", yearly, &json!({}));
    let host = stage.start().await;
    assert_eq!(run(&host, "good", r#"{"input":""}"#).await, 202);
    let ended = logged(&host, "Executed 'Functions.good'").await?;
    assert!(ended.text.contains("Succeeded"), "{ended}");
    for body in ["", "{", "[]", "\"x\"", "{\"input\":{}}"] {
        assert_eq!(run(&host, "good", body).await, 400, "{body}");
    }
    assert_eq!(run(&host, "unknown", "{}").await, 404);
    let untyped = "Content-Length: 2\r\n\r\n{}";
    let untyped = exchange(host.address(), "POST /admin/functions/good", untyped).await;
    assert_eq!(untyped.expect("a response").status, 415);
    // They do not run, and the host does not report it.
    assert_eq!(run(&host, "item", "{}").await, 202);
    assert_eq!(run(&host, "odd", "{}").await, 202);
    // Both begin before one has ended: there is no lock.
    for _ in 0..2 {
        assert_eq!(run(&host, "slow", "{}").await, 202);
    }
    until("two runs at once", || stage.requests("/slow").len() == 2).await
}

#[tokio::test]
async fn the_status_has_the_errors_of_a_function() {
    let stage = Stage::new(&Value::Null, &Value::Null).http("item");
    let stage = stage.timer("odd", "%WHEN%", &json!({}));
    let host = stage.start().await;
    let status = |name: &str| format!("GET /admin/functions/{name}/status");
    let odd = get(&host, &status("Odd")).await;
    assert!(odd.body.contains("WHEN"), "{}", odd.body);
    assert_eq!(get(&host, &status("item")).await.body, "{}");
    assert_eq!(get(&host, "GET /admin/functions/item").await.status, 200);
    assert_eq!(get(&host, "GET /admin/functions/unknown").await.status, 404);
}

#[tokio::test]
async fn admin_requires_the_master_key() {
    let stage = Stage::new(&Value::Null, &Value::Null).http("item");
    let keys = Keys::random();
    let own = Some(keys.clone());
    let host = stage.start_with(|options| options.keys = own).await;
    for (code, status) in [
        ("", 401),
        (keys.host.as_str(), 401),
        (keys.master.as_str(), 200),
    ] {
        let line = format!("GET /admin/functions?code={code}");
        assert_eq!(get(&host, &line).await.status, status, "{line}");
    }
}
