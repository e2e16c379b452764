//! Statements that the server does not finish.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use reqwest::Method;
use tokio_postgres::{Client, Transaction};

use super::{BOUND, create, impatient};
use crate::harness::{
    Database, Response, Start, eventually, healthy, ready, run, waiting_for_a_lock,
};

#[test]
fn a_statement_is_cancelled_in_the_server_after_its_deadline() {
    run(async {
        let database = Database::migrated();
        let program = impatient(&database.url).serving().await;
        ready(&program).await;
        let mut blocker = database.connect().await;
        let lock = lock(&mut blocker, "item").await;
        let requests = [
            (create(&program, "one"), "database-interrupted"),
            (
                program.request(Method::DELETE, "/item/1"),
                "database-interrupted",
            ),
            // A read and an uncommitted transaction change nothing.
            (
                program.request(Method::GET, "/item?limit=1"),
                "database-unavailable",
            ),
            (
                program.request(Method::GET, "/item"),
                "database-unavailable",
            ),
            (
                create(&program, "two").header("Idempotency-Key", "k"),
                "database-unavailable",
            ),
        ];
        let started = Instant::now();
        let responses = requests.map(async |(request, kind)| (Response::to(request).await, kind));
        for (response, kind) in join_all(responses).await {
            response.problem(503, kind);
            assert_eq!(response.header("retry-after"), "2");
        }
        assert!(started.elapsed() < BOUND, "{:?}", started.elapsed());
        waiting_for_a_lock(&database, 0).await;
        lock.commit().await.expect("the lock is released");
        program.make("one").await;
    });
}

#[test]
fn statements_of_disconnected_callers_are_cancelled_and_their_connections_close() {
    run(async {
        let database = Database::migrated();
        let program = Start::handler()
            .set("DATABASE_URL", &database.url)
            .set("DATABASE_STATEMENT_TIMEOUT", "600")
            .serving()
            .await;
        ready(&program).await;
        let mut blocker = database.connect().await;
        let lock = lock(&mut blocker, "item").await;
        // All eight connections of the pool, and the one that reads share. Reads that arrive later than a second
        // after one without a result use another connection, so there is one read.
        let callers: Vec<_> = (1..=8)
            .map(|id| (Method::DELETE, id))
            .chain([(Method::GET, 1)])
            .map(|(method, id)| {
                let request = program.request(method, &format!("/item/{id}"));
                tokio::spawn(Response::try_to(request))
            })
            .collect();
        waiting_for_a_lock(&database, 9).await;
        callers.iter().for_each(tokio::task::JoinHandle::abort);
        waiting_for_a_lock(&database, 0).await;
        lock.commit().await.expect("the lock is released");
        let id = program.make("one").await;
        assert_eq!(program.get(&format!("/item/{id}")).await.status, 200);
    });
}

#[test]
fn health_has_a_time_limit_when_a_query_does_not_finish() {
    run(async {
        let database = Database::migrated();
        let program = Start::on(&database).await;
        healthy(&program).await;
        let mut blocker = database.connect().await;
        let lock = lock(&mut blocker, "refinery_schema_history").await;
        let slow = eventually("bad health", || async {
            let started = Instant::now();
            let response = program.get("/health").await;
            (response.status == 503).then(|| started.elapsed())
        })
        .await;
        assert!(slow < Duration::from_secs(4), "{slow:?}");
        lock.commit().await.expect("the lock is released");
        healthy(&program).await;
    });
}

/// Locks `table` until the transaction ends.
pub(super) async fn lock<'a>(client: &'a mut Client, table: &str) -> Transaction<'a> {
    let transaction = client.transaction().await.expect("a transaction");
    let lock = format!("LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE");
    transaction.batch_execute(&lock).await.expect("a lock");
    transaction
}
