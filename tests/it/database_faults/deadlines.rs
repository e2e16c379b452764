//! One deadline for each request, and health that requests cannot exhaust.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use localpg::ThrowawayOptions;
use reqwest::Method;

use super::create;
use super::stuck::lock;
use crate::harness::{
    Database, Response, Start, connect, eventually, healthy, own_server, ready, run, signal,
    waiting_for_a_lock,
};

/// Stops the server's first process, which takes no new connections then, though the system still
/// accepts them. It goes on when this is dropped.
struct Stopped(String);

impl Stopped {
    fn stop(pid: String) -> Stopped {
        signal("STOP", &pid);
        Stopped(pid)
    }
}

impl Drop for Stopped {
    fn drop(&mut self) {
        signal("CONT", &self.0);
    }
}

#[test]
fn the_wait_for_a_place_in_the_pool_and_for_a_connection_share_one_deadline() {
    run(async {
        let server = own_server(ThrowawayOptions::default());
        let url = server.url("items");
        let start = Start::handler().set("DATABASE_URL", &url);
        let start = start.set("DATABASE_POOL_SIZE", "1");
        let program = start.set("DATABASE_WAIT", "3").serving().await;
        ready(&program).await;
        let client = connect(&url).await;
        let first_process = "SELECT split_part(pg_read_file('postmaster.pid'), chr(10), 1)";
        let pid = client.query_one(first_process, &[]).await;
        let pid = pid.expect("it can be read").get(0);
        let end = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
                    WHERE application_name = 'magnusapi'";
        client.batch_execute(end).await.expect("they are ended");
        let stopped = Stopped::stop(pid);
        let started = Instant::now();
        let requests = [
            (Method::DELETE, "/item/1"),
            (Method::DELETE, "/item/2"),
            (Method::DELETE, "/item/3"),
            (Method::GET, "/item/1"),
            (Method::GET, "/item/2"),
            (Method::GET, "/item?limit=1"),
        ];
        let requests = requests.map(|(method, path)| Response::to(program.request(method, path)));
        for answer in join_all(requests).await {
            answer.problem(503, "database-unavailable");
        }
        let took = started.elapsed();
        assert!(took < Duration::from_millis(5500), "{took:?}");
        drop(stopped);
        ready(&program).await;
    });
}

#[test]
fn a_creation_behind_stuck_ones_waits_for_a_connection_and_no_longer() {
    run(async {
        let database = Database::migrated();
        let start = Start::handler().set("DATABASE_URL", &database.url);
        let start = start.set("DATABASE_WAIT", "1");
        let program = start.set("DATABASE_STATEMENT_TIMEOUT", "8").serving().await;
        ready(&program).await;
        let mut blocker = database.connect().await;
        let held = lock(&mut blocker, "item").await;
        let mut stuck = Vec::new();
        for number in 0..2 {
            let creation = create(&program, &format!("stuck {number}"));
            stuck.push(tokio::spawn(Response::to(creation)));
            waiting_for_a_lock(&database, number + 1).await;
        }
        let started = Instant::now();
        let answer = Response::to(create(&program, "behind")).await;
        answer.problem(503, "database-unavailable");
        assert!(
            started.elapsed() < Duration::from_secs(5),
            "{:?}",
            started.elapsed()
        );
        held.commit().await.expect("the lock is given up");
        for answer in join_all(stuck).await {
            assert_eq!(answer.expect("no panic").status, 201);
        }
        // The creation that was given up was not made later.
        program.make("behind").await;
    });
}

#[test]
fn health_says_busy_while_requests_fill_the_pool() {
    run(async {
        let database = Database::migrated();
        let start = Start::handler().set("DATABASE_URL", &database.url);
        let program = start.set("DATABASE_POOL_SIZE", "2").serving().await;
        healthy(&program).await;
        let mut blocker = database.connect().await;
        let held = lock(&mut blocker, "item").await;
        let deletions: Vec<_> = (1..=6)
            .map(|id| {
                let request = program.request(Method::DELETE, &format!("/item/{id}"));
                tokio::spawn(Response::to(request))
            })
            .collect();
        waiting_for_a_lock(&database, 2).await;
        let checks = eventually("a full pool", || async {
            let answer = program.get("/health").await;
            let checks = answer.json()["checks"].clone();
            (checks["database:pool"][0]["status"] == "warn").then_some(checks)
        })
        .await;
        assert_eq!(checks["database:latency"][0]["status"], "ok", "{checks}");
        let output = checks["database:pool"][0]["output"].to_string();
        assert!(output.contains("busy"), "{output}");
        held.commit().await.expect("the lock is given up");
        join_all(deletions).await;
    });
}
