//! Requests amid which the handler breaks off, dies, or takes too long.

use std::{collections::BTreeSet, time::Duration};

use devhost::Host;
use serde_json::{Value, json};

use super::{
    Played, Scenario,
    clients::{Clients, by_hand, send},
};
use crate::stage::{Stage, ready, same, until, within};

/// All tries of a request take 1.9 s; an exact time is not compared.
const ALL_TRIES: Duration = Duration::from_millis(1600);

/// The handler breaks off the first request of each kind.
pub(super) async fn inflight(scenario: &Scenario) -> Played {
    let order = match scenario.setup["how"].as_str().expect("a word") {
        "close" => json!({"close": "before"}),
        "reset" => json!({"close": "reset"}),
        "kill9" => json!({"kill": true}),
        _ => json!({
            "raw": "HTTP/1.1 200 X\r\nContent-Length: 100\r\n\r\nabc", "close": "after"
        }),
    };
    let orders = json!({"reply": {"/hello": [order]}});
    for row in scenario.outcome["cases"].as_array().expect("rows") {
        let method = row["method"].as_str().expect("a method");
        // This row was recorded without the key that the host asks for.
        if method == "TIMER" {
            continue;
        }
        let stage = Stage::new(&Value::Null, &orders).http("hello");
        let host = stage.start().await;
        let body = (row["body"] == true).then_some(r#"{"a":1}"#);
        let sent = send(host.address(), method, "/hello", body);
        let (got, took) = within("a response", sent).await?;
        let what = format!("{method}, body {}", row["body"]);
        same(&what, got.to_json(), &row["client_got"][0])?;
        let seen = stage.requests("/hello").len();
        same(&format!("{what}, requests"), seen, &row["handler_saw"])?;
        if row["client_got"][0] == 500 && took < ALL_TRIES {
            return Err(format!("{what}: 500 after {took:?}"));
        }
    }
    Ok(())
}

/// One request at which the handler exits each time.
pub(super) async fn poison(scenario: &Scenario) -> Played {
    let exit = json!({"exit": 3});
    let stage = Stage::new(&Value::Null, &json!({"reply": {"/bad": exit, "/t": exit}}))
        .http("bad")
        .timer("t", "0 0 3 * * *", &json!({}));
    let host = stage.start().await;
    ready(&host).await?;
    let (method, body) = match scenario.setup["one request"].as_str().expect("a word") {
        "POST-body" => ("POST", Some(r#"{"a":1}"#)),
        "POST-empty" => ("POST", None),
        method => (method, None),
    };
    let recorded = &scenario.outcome;
    let (status, path) = if method == "TIMER" {
        (by_hand(host.address(), "t").await, "/t")
    } else {
        let sent = send(host.address(), method, "/bad", body);
        let (got, _) = within("a response", sent).await?;
        (got.to_json(), "/bad")
    };
    same("status", status, &recorded["client"][0])?;
    let lives = recorded["handler_lives"].as_u64().expect("a number");
    let lives = usize::try_from(lives).expect("few");
    until("the recorder's lives", || stage.lives() >= lives).await?;
    if recorded["host_alive_after_16s"] == true {
        ready(&host).await?;
    } else {
        within("the end of the host", host.failed()).await?;
    }
    same("lives", stage.lives(), &recorded["handler_lives"])?;
    let seen = stage.requests(path).len();
    same("requests", seen, &recorded["bad_requests_seen"])
}

/// A run over functionTimeout, beside a short run and requests. The short run and the slow request begin between
/// functionTimeout and the kill, for which a busy machine has some seconds.
pub(super) async fn function_timeout(scenario: &Scenario) -> Played {
    let replies = json!({"reply": {
        "/long": {"delay": 20}, "/over": {"delay": 20},
        "/slowhttp": {"delay": 20}, "/quick": {"delay": 0.2},
    }});
    let stage = Stage::new(&json!({"functionTimeout": "00:00:01.5"}), &replies)
        .http("hello")
        .http("over")
        .http("slowhttp")
        .timer("long", "0 0 3 * * *", &json!({}))
        .timer("quick", "0 0 3 * * *", &json!({}));
    let host = with_grace(&stage, Duration::from_millis(3500)).await?;
    let (address, port) = (host.address(), host.handler_port());
    let recorded = &scenario.outcome;
    let mut clients = Clients::new(address, "/hello");
    by_hand(address, "long").await;
    let is_over = || {
        host.logs()
            .iter()
            .any(|log| log.text.contains("functionTimeout"))
    };
    let over = async {
        while !is_over() {
            clients.step().await;
        }
    };
    within("functionTimeout", over).await?;
    by_hand(address, "quick").await;
    let slow = tokio::spawn(async move { send(address, "GET", "/slowhttp", None).await.0 });
    while !slow.is_finished() {
        clients.step().await;
    }
    let slow = slow.await.expect("a client ends");
    same(
        "slowhttp",
        slow.to_json(),
        &recorded["http_in_flight"][0][1],
    )?;
    for (function, end) in [("long", "(Failed"), ("quick", "(Succeeded")] {
        let begin = format!("Executed 'Functions.{function}'");
        let ended = host.log(|log| log.text.starts_with(&begin));
        let log = within("the end of a run", ended).await?;
        same(function, log.text.contains(end), &json!(true))?;
    }
    let lives = stage.lives();
    let (over, _) = within("500", send(address, "GET", "/over", None)).await?;
    same(
        "a request over the limit",
        over.to_json(),
        &recorded["http_over_timeout"][0],
    )?;
    until("a new handler", || stage.lives() > lives).await?;
    let words: BTreeSet<String> = clients.words().into_iter().collect();
    same("hello", json!(words), &json!(["200"]))?;
    same("the port", host.handler_port(), &json!(port))
}

/// A host that kills its handler this long after functionTimeout.
async fn with_grace(stage: &Stage, grace: Duration) -> Result<Host, String> {
    let start = stage.start_with(|options| options.limits.timeout_grace = grace);
    let host = start.await;
    ready(&host).await?;
    Ok(host)
}

/// Responses after functionTimeout and before the kill.
pub(super) async fn grace(scenario: &Scenario) -> Played {
    let late = json!({"delay": 3, "body": "{\"Logs\":[\"late\"]}"});
    let orders = json!({"reply": {"/late": late, "/web": {"delay": 3}}});
    let stage = Stage::new(&json!({"functionTimeout": "00:00:01"}), &orders)
        .http("web")
        .timer("late", "0 0 3 * * *", &json!({}));
    let host = with_grace(&stage, Duration::from_secs(30)).await?;
    let address = host.address();
    by_hand(address, "late").await;
    let (web, _) = within("a response", send(address, "GET", "/web", None)).await?;
    let recorded = &scenario.outcome;
    same("http", web.to_json(), &recorded["http"][0])?;
    let failed = host.log(|log| log.text.starts_with("Executed 'Functions.late' (Failed"));
    within("the failed run", failed).await?;
    within("its log", host.log(|log| log.text == "late")).await?;
    same("lives", stage.lives(), &recorded["lives"])
}
