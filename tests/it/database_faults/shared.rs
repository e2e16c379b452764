//! Reads of one item and of one page share a connection.

use std::time::Duration;

use futures_util::future::join_all;
use reqwest::Method;
use tokio::time::sleep;
use tokio_postgres::Client;

use super::stuck::lock;
use crate::harness::{
    Database, Program, Response, Start, eventually, ready, run, signal, waiting_for_a_lock,
};

fn read(program: &Program, id: i64) -> tokio::task::JoinHandle<Response> {
    let request = program.request(Method::GET, &format!("/item/{id}"));
    tokio::spawn(Response::to(request))
}

#[test]
fn reads_wait_on_one_connection_and_each_gets_its_own_result() {
    run(async {
        let database = Database::migrated();
        let program = Start::on(&database).await;
        let mut ids = Vec::new();
        for number in 0..40 {
            ids.push(program.make(&format!("item {number}")).await);
        }
        let mut blocker = database.connect().await;
        let held = lock(&mut blocker, "item").await;
        let reads: Vec<_> = ids.iter().map(|id| read(&program, *id)).collect();
        let pages = (0..10).map(|number| {
            let path = format!("/item?limit=1&after={}", ids[number] - 1);
            tokio::spawn(Response::to(program.request(Method::GET, &path)))
        });
        let pages: Vec<_> = pages.collect();
        sleep(Duration::from_millis(300)).await;
        waiting_for_a_lock(&database, 1).await;
        held.commit().await.expect("the lock is given up");
        for (number, answer) in join_all(reads).await.into_iter().enumerate() {
            let item = answer.expect("no panic").json();
            assert_eq!(item["data"]["name"], format!("item {number}"));
        }
        for (number, answer) in join_all(pages).await.into_iter().enumerate() {
            let page = answer.expect("no panic").json();
            assert_eq!(page["data"][0]["name"], format!("item {number}"));
        }
    });
}

#[test]
fn a_stalled_connection_fails_its_reads_and_later_reads_use_another() {
    run(async {
        let database = Database::migrated();
        let start = Start::handler().set("DATABASE_URL", &database.url);
        let program = start.set("DATABASE_STATEMENT_TIMEOUT", "4").serving().await;
        ready(&program).await;
        let id = program.make("item").await;
        program.get(&format!("/item/{id}")).await;
        let stopped = Stopped::backend(&database.connect().await).await;
        let stalled = read(&program, id);
        sleep(Duration::from_millis(1500)).await;
        let later = (0..8).map(|_| read(&program, id));
        for answer in join_all(later).await {
            assert_eq!(answer.expect("no panic").status, 200);
        }
        let answer = stalled.await.expect("no panic");
        answer.problem(503, "database-unavailable");
        drop(stopped);
        eventually("the end of the stalled connection", || async {
            (readers(&database.connect().await).await.len() == 1).then_some(())
        })
        .await;
    });
}

#[test]
fn a_caller_that_leaves_does_not_disturb_other_reads() {
    run(async {
        let database = Database::migrated();
        let program = Start::on(&database).await;
        let id = program.make("item").await;
        let mut blocker = database.connect().await;
        let held = lock(&mut blocker, "item").await;
        let (leaves, stays) = (read(&program, id), read(&program, id));
        waiting_for_a_lock(&database, 1).await;
        leaves.abort();
        sleep(Duration::from_millis(300)).await;
        waiting_for_a_lock(&database, 1).await;
        held.commit().await.expect("the lock is given up");
        assert_eq!(stays.await.expect("no panic").status, 200);
        // Many that leave at any moment, beside many that stay.
        let (leave, stay): (Vec<_>, Vec<_>) = (0..200)
            .map(|_| (read(&program, id), read(&program, id)))
            .unzip();
        for (number, leaves) in leave.into_iter().enumerate() {
            if number % 8 == 0 {
                sleep(Duration::from_millis(1)).await;
            }
            leaves.abort();
        }
        for answer in join_all(stay).await {
            assert_eq!(answer.expect("no panic").status, 200);
        }
    });
}

/// The server's processes that have run a read of an item and are not ended.
async fn readers(client: &Client) -> Vec<i32> {
    let pids = "SELECT pid FROM pg_stat_activity
                 WHERE application_name = 'magnusapi' AND datname = current_database()
                   AND query LIKE 'SELECT id, name, created_at FROM item WHERE id = %'";
    let rows = client.query(pids, &[]).await.expect("it can be read");
    rows.iter().map(|row| row.get(0)).collect()
}

/// The server's process behind the shared connection, stopped. It goes on when this is dropped.
struct Stopped(i32);

impl Stopped {
    async fn backend(client: &Client) -> Stopped {
        let pids = readers(client).await;
        assert_eq!(pids.len(), 1, "the reads share one connection");
        let stopped = Stopped(pids[0]);
        stopped.signal("STOP");
        stopped
    }

    fn signal(&self, name: &str) {
        signal(name, &self.0.to_string());
    }
}

impl Drop for Stopped {
    fn drop(&mut self) {
        self.signal("CONT");
    }
}
