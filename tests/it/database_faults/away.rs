//! A database that is not there yet, or accepts connections and stays silent.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use localpg::ThrowawayOptions;
use reqwest::Method;

use super::{BOUND, impatient, kill, restart, unavailable};
use crate::harness::{Response, Start, healthy, own_server, run};

/// The wait of a request for the database, in seconds. Responses that do not wait are ready long before, also on a
/// busy machine.
const WAIT: u64 = 4;

#[test]
fn a_program_that_starts_before_its_database_responds_at_once_and_becomes_ready_by_itself() {
    run(async {
        let server = Arc::new(own_server(ThrowawayOptions::default()));
        kill(&server).await;
        let program = impatient(&server.url("items")).set("DATABASE_WAIT", &WAIT.to_string());
        let program = program.serving().await;
        let started = Instant::now();
        let waiting = tokio::spawn(Response::to(program.request(Method::GET, "/item")));
        for path in ["/", "/health/live"] {
            assert_eq!(program.get(path).await.status, 200, "{path}");
            assert!(!waiting.is_finished(), "{path} waits for the database");
        }
        let answer = waiting.await.expect("no panic");
        let waited = started.elapsed();
        answer.problem(503, "database-unavailable");
        assert_eq!(answer.header("retry-after"), "2");
        let wait = Duration::from_secs(WAIT);
        assert!(
            waited + Duration::from_millis(100) >= wait,
            "it waits first: {waited:?}"
        );
        assert!(waited < wait + BOUND, "{waited:?}");
        let health = program.get("/health").await;
        assert_eq!(health.status, 503);
        assert_eq!(health.json()["status"], "fail");
        // One line for the outage, however often it was tried. A server that starts has a line of its own.
        program.error_line(|line| line.contains("not ready")).await;
        let errors = program.stderr();
        let told = errors.iter().filter(|it| it.contains("not ready")).count();
        assert_eq!(told, 1, "{errors:?}");
        restart(&server).await;
        healthy(&program).await;
        program.make("first").await;
    });
}

#[test]
fn a_database_that_accepts_and_says_nothing_costs_bounded_time() {
    run(async {
        let silent = tokio::net::TcpListener::bind("127.0.0.1:0")
            .await
            .expect("a port");
        let port = silent.local_addr().expect("it is bound").port();
        tokio::spawn(async move {
            let mut kept = Vec::new();
            while let Ok((socket, _)) = silent.accept().await {
                kept.push(socket);
            }
        });
        let program = Start::handler()
            .set(
                "DATABASE_URL",
                &format!("postgres://u@127.0.0.1:{port}/items"),
            )
            .set("DATABASE_WAIT", "1")
            .serving()
            .await;
        let asked = ["/item", "/item?limit=1", "/item/1", "/item/2"].map(|path| program.get(path));
        let started = Instant::now();
        for answer in join_all(asked).await {
            unavailable(&answer);
        }
        assert!(started.elapsed() < BOUND, "{:?}", started.elapsed());
        let started = Instant::now();
        let health = program.get("/health").await;
        assert_eq!(health.status, 503);
        let output = health.json()["checks"]["database:latency"][0]["output"].to_string();
        assert!(output.contains("no response"), "{output}");
        assert!(started.elapsed() < BOUND, "{:?}", started.elapsed());
        assert_eq!(program.get("/health/live").await.status, 200);
    });
}
