//! Deletions that the Functions host resends with the same invocation id, because the connection broke before
//! the response.

use devhost::Host;
use futures_util::future::join_all;
use reqwest::Method;
use tokio::task::JoinHandle;

use crate::harness::{
    AppFolder, Database, Program, Response, Start, client, eventually, run, start,
    waiting_for_a_lock,
};

const INVOCATION: &str = "X-Azure-Functions-InvocationId";
const ONE: &str = "0a0e1f70-0f5b-4a39-9c56-6f2b5d1f3c01";
const OTHER: &str = "0a0e1f70-0f5b-4a39-9c56-6f2b5d1f3c02";

async fn delete(program: &Program, path: &str, invocation: &str) -> u16 {
    let request = program.request(Method::DELETE, path);
    let response = Response::to(request.header(INVOCATION, invocation)).await;
    response.status.as_u16()
}

#[test]
fn a_resent_deletion_gets_the_result_of_the_first_from_every_process() {
    run(async {
        let database = Database::migrated();
        let (first, next) = (Start::on(&database).await, Start::on(&database).await);
        let item = format!("/item/{}", first.make("deleted").await);
        let kept = format!("/item/{}", first.make("kept").await);
        assert_eq!(delete(&first, &item, ONE).await, 204);
        for program in [&first, &next] {
            assert_eq!(delete(program, &item, ONE).await, 204);
            // Another request, a request without a host, and one for an item that never existed.
            assert_eq!(delete(program, &item, OTHER).await, 404);
            assert_eq!(program.delete(&item).await.status, 404);
            assert_eq!(delete(program, "/item/4711", ONE).await, 404);
        }
        assert_eq!(next.get(&kept).await.status, 200);
        // Without a host, a request is not resent, and the deletion is not recorded.
        assert_eq!(first.delete(&kept).await.status, 204);
        let count = "SELECT count(*) FROM item_deletion";
        let recorded = database.connect().await.query_one(count, &[]).await;
        assert_eq!(recorded.expect("a count").get::<_, i64>(0), 1);
    });
}

#[test]
fn a_deletion_and_its_simultaneous_resend_both_succeed() {
    run(async {
        let database = Database::migrated();
        let (first, next) = (Start::on(&database).await, Start::on(&database).await);
        let item = format!("/item/{}", first.make("deleted").await);
        let lock = database.connect().await;
        let begin = "BEGIN; SELECT FROM item FOR UPDATE";
        lock.batch_execute(begin).await.expect("a lock");
        let requests = join_all([delete(&first, &item, ONE), delete(&next, &item, ONE)]);
        let release = async {
            waiting_for_a_lock(&database, 2).await;
            lock.batch_execute("ROLLBACK")
                .await
                .expect("it is released");
        };
        let (statuses, ()) = tokio::join!(requests, release);
        assert_eq!(statuses, [204, 204]);
    });
}

#[test]
fn a_deletion_whose_process_is_killed_succeeds_in_the_next_one() {
    run(async {
        let (app, database) = (AppFolder::new(), Database::migrated());
        let host = start(app.on(&database)).await;
        let lock = database.connect().await;
        // The host resends for 1.85 s. On a busy machine, the next process may start later.
        for _ in 0..2 {
            if resent_to_the_next_process(&host, &database, &lock).await == 204 {
                return host.shutdown().await;
            }
        }
        panic!("the handler never restarted within 1.85 s");
    });
}

/// The status of a deletion whose process is killed while the database executes it. The statement continues
/// without the process, and takes effect before the statement of the resent request.
async fn resent_to_the_next_process(
    host: &Host,
    database: &Database,
    lock: &tokio_postgres::Client,
) -> u16 {
    let made = "INSERT INTO item (name) VALUES (gen_random_uuid()) RETURNING id";
    let id: i64 = lock.query_one(made, &[]).await.expect("an item").get(0);
    let begin = "BEGIN; SELECT FROM item FOR UPDATE";
    lock.batch_execute(begin).await.expect("a lock");
    let request = client().delete(format!("{}/item/{id}", host.url()));
    let request: JoinHandle<Response> = tokio::spawn(Response::to(request));
    waiting_for_a_lock(database, 1).await;
    host.kill_handler().await;
    host.ready().await.expect("it restarts");
    let watcher = database.connect().await;
    let waiting = "SELECT count(*) FROM pg_stat_activity
                    WHERE application_name = 'magnusapi' AND datname = current_database()
                      AND wait_event_type = 'Lock'";
    eventually("the resent request, or the end of the retries", || async {
        let row = watcher.query_one(waiting, &[]).await.expect("the activity");
        (row.get::<_, i64>(0) == 2 || request.is_finished()).then_some(())
    })
    .await;
    lock.batch_execute("ROLLBACK")
        .await
        .expect("it is released");
    let response = request.await.expect("no panic");
    assert!(
        matches!(response.status.as_u16(), 204 | 500),
        "{response:?}"
    );
    let rows = lock.query("SELECT FROM item WHERE id = $1", &[&id]).await;
    assert!(rows.expect("the items").is_empty());
    response.status.as_u16()
}
