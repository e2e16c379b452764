//! A database that is away, killed, silent, stuck or full: every response comes in bounded time and is true,
//! no acknowledged change is lost, and the program recovers without a restart.

mod away;
mod codes;
mod deadlines;
mod killed;
mod logins;
mod refused;
mod shared;
mod stuck;

use std::sync::Arc;
use std::time::Duration;

use localpg::Throwaway;
use reqwest::{Method, RequestBuilder};
use serde_json::json;

use crate::harness::{Program, Response, Start, eventually};

/// With these waits, the longest that any response may take: one second for a connection and one for
/// the statement. The rest is for a busy machine.
const BOUND: Duration = Duration::from_secs(6);

fn impatient(url: &str) -> Start {
    Start::handler()
        .set("DATABASE_URL", url)
        .set("DATABASE_WAIT", "1")
        .set("DATABASE_CONNECT_TIMEOUT", "1")
        .set("DATABASE_STATEMENT_TIMEOUT", "1")
}

async fn kill(server: &Arc<Throwaway>) {
    let server = server.clone();
    let killing = tokio::task::spawn_blocking(move || server.kill());
    killing.await.expect("no panic").expect("it can be killed");
}

async fn restart(server: &Arc<Throwaway>) {
    let server = server.clone();
    let starting = tokio::task::spawn_blocking(move || server.restart());
    starting.await.expect("no panic").expect("it starts again");
}

/// Waits until `/health` reports that the database is away.
async fn unhealthy(program: &Program) {
    eventually("bad health", || async {
        let answer = program.get("/health").await;
        (answer.status == 503 && answer.json()["status"] == "fail").then_some(())
    })
    .await;
}

fn create(program: &Program, name: &str) -> RequestBuilder {
    program.with_json(Method::POST, "/item", &json!({ "name": name }))
}

#[track_caller]
fn unavailable(answer: &Response) {
    let kind = answer.json()["type"].to_string();
    let kind = if kind.contains("interrupted") {
        "database-interrupted"
    } else {
        "database-unavailable"
    };
    answer.problem(503, kind);
    assert_eq!(answer.header("retry-after"), "2");
}
