//! Creations and renames that conflict over names: none fails because of another one.

use std::time::Duration;

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::json;
use tokio::task::JoinHandle;

use crate::harness::{Database, Program, Response, Start, run, waiting_for_a_lock, with_program};

fn create(program: &Program, name: &str) -> reqwest::RequestBuilder {
    program.with_json(Method::POST, "/item", &json!({ "name": name }))
}

/// A transaction of another program, which locks names until it ends.
const LOCKS_M_AND_Z: &str = "BEGIN; UPDATE item SET name = 'm' WHERE name = 'z'";

/// Sends creations that become one batch. The first name is the first in the batch: the pool's only
/// connection waits for another name until all creations are queued.
async fn one_batch(
    database: &Database,
    program: &Program,
    names: &[&str],
) -> Vec<JoinHandle<Response>> {
    let holder = database.connect().await;
    let hold = "BEGIN; INSERT INTO item (name) VALUES ('held')";
    holder.batch_execute(hold).await.expect("it is locked");
    let first = tokio::spawn(Response::to(create(program, "held")));
    waiting_for_a_lock(database, 1).await;
    let mut creations = Vec::new();
    for name in names {
        creations.push(tokio::spawn(Response::to(create(program, name))));
        // Wait until the first one is at the head of the queue.
        if creations.len() == 1 {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
    tokio::time::sleep(Duration::from_millis(200)).await;
    holder.batch_execute("ROLLBACK").await.expect("it is free");
    assert_eq!(first.await.expect("no panic").status, 201);
    creations
}

#[test]
fn creations_survive_a_deadlock_with_a_rename() {
    run(async {
        let database = Database::migrated();
        let start = Start::handler().set("DATABASE_URL", &database.url);
        let program = start.set("DATABASE_POOL_SIZE", "1").serving().await;
        program.make("z").await;
        let client = database.connect().await;
        let begin = "BEGIN; UPDATE item SET name = 'y' WHERE name = 'z'";
        client.batch_execute(begin).await.expect("it is renamed");
        let names = ["a", "m", "x", "z"];
        let creations = one_batch(&database, &program, &names).await;
        // The batch locks `a`, then waits for `z`, which the rename has locked. The rename continues with `a`,
        // and waits for the batch.
        let rename = async {
            waiting_for_a_lock(&database, 1).await;
            let crossing = "UPDATE item SET name = 'a' WHERE name = 'y'; COMMIT";
            client.batch_execute(crossing).await
        };
        let (responses, renamed) = tokio::join!(join_all(creations), rename);
        // `a` and `z` each have two correct results; the others have one.
        for (name, response) in names.iter().zip(responses) {
            let response = response.expect("no panic");
            let right = match *name {
                "m" | "x" => response.status == 201,
                _ => response.status == 201 || response.status == 409,
            };
            assert!(right, "{name}: {response:?}");
        }
        drop(renamed);
    });
}

#[test]
fn crossing_renames_and_creations_never_get_500() {
    with_program(async |program: Program| {
        let one = program.make("one").await;
        let two = program.make("two").await;
        let renames = (0..60).map(|number| {
            let (id, name) = match number % 4 {
                0 => (one, "two"),
                1 => (two, "one"),
                2 => (one, "three"),
                _ => (two, "four"),
            };
            let body = json!({ "name": name });
            Response::to(program.with_json(Method::PATCH, &format!("/item/{id}"), &body))
        });
        let names = ["one", "two", "three", "four"];
        let creations = (0..60).map(|number| Response::to(create(&program, names[number % 4])));
        let responses = futures_util::join!(join_all(renames), join_all(creations));
        for response in responses.0.iter().chain(&responses.1) {
            assert!(
                [200, 201, 409].contains(&response.status.as_u16()),
                "{response:?}"
            );
        }
    });
}

#[test]
fn a_rename_survives_a_deadlock_with_another_transaction() {
    run(async {
        let database = Database::migrated();
        let program = Start::on(&database).await;
        let one = program.make("one").await;
        let two = program.make("two").await;
        // Another session locks the second row. The rename locks the first row and waits for the second's name.
        // Then the session waits for the first row: a deadlock. The server rolls back one of them.
        let mut client = database.connect().await;
        let outside = client.transaction().await.expect("a transaction");
        let touch = "UPDATE item SET created_at = created_at WHERE id = $1";
        outside.execute(touch, &[&two]).await.expect("it is locked");
        outside
            .execute("UPDATE item SET name = 'three' WHERE id = $1", &[&two])
            .await
            .expect("it is renamed");
        let body = json!({ "name": "two" });
        let rename = Response::to(program.with_json(Method::PATCH, &format!("/item/{one}"), &body));
        let crossing = async {
            waiting_for_a_lock(&database, 1).await;
            match outside.execute(touch, &[&one]).await {
                Ok(_) => outside.commit().await.expect("it is committed"),
                Err(_) => outside.rollback().await.expect("it is rolled back"),
            }
        };
        let (renamed, ()) = tokio::join!(rename, crossing);
        assert!([200, 409].contains(&renamed.status.as_u16()), "{renamed:?}");
    });
}

#[test]
fn a_locked_name_delays_only_its_own_creation() {
    run(async {
        let database = Database::migrated();
        let start = Start::handler().set("DATABASE_URL", &database.url);
        let start = start
            .set("DATABASE_POOL_SIZE", "1")
            .set("DATABASE_WAIT", "6");
        let start = start.set("DATABASE_STATEMENT_TIMEOUT", "2");
        let program = start.serving().await;
        program.make("z").await;
        let client = database.connect().await;
        client
            .batch_execute(LOCKS_M_AND_Z)
            .await
            .expect("they are locked");
        let names: Vec<String> = (0..300).map(|number| format!("n{number}")).collect();
        let mut all: Vec<&str> = names.iter().map(String::as_str).collect();
        all.insert(150, "m");
        let mut responses = join_all(one_batch(&database, &program, &all).await).await;
        let locked = responses.remove(150).expect("no panic");
        for response in responses {
            let response = response.expect("no panic");
            assert_eq!(response.status, 201, "{response:?}");
        }
        // The server's lock timeout and the program's statement timeout may end together.
        assert_eq!(locked.status, 503, "{locked:?}");
        let detail = locked.json()["detail"].to_string();
        assert!(
            detail.contains("nothing was changed") || detail.contains("may not have been made"),
            "{detail}"
        );
        client
            .batch_execute("ROLLBACK")
            .await
            .expect("it is undone");
        program.make("m").await;
    });
}

#[test]
fn a_creation_gets_its_name_when_the_lock_is_released() {
    run(async {
        let database = Database::migrated();
        let program = Start::on(&database).await;
        program.make("z").await;
        let client = database.connect().await;
        client
            .batch_execute(LOCKS_M_AND_Z)
            .await
            .expect("they are locked");
        let creation = tokio::spawn(Response::to(create(&program, "m")));
        // Longer than the lock timeout of a batch.
        tokio::time::sleep(Duration::from_millis(600)).await;
        assert!(!creation.is_finished());
        client
            .batch_execute("ROLLBACK")
            .await
            .expect("it is undone");
        let response = creation.await.expect("no panic");
        assert_eq!(response.status, 201, "{response:?}");
    });
}

#[test]
fn a_serializable_default_isolation_level_causes_no_errors() {
    run(async {
        let database = Database::migrated();
        let client = database.connect().await;
        let level = "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET \
                     default_transaction_isolation = serializable', current_database()); END $$";
        client.batch_execute(level).await.expect("it is set");
        let program = Start::on(&database).await;
        let id = program.make("item").await;
        let requests = (0..120).map(|number| {
            let name = format!("name {}", number % 3);
            let request = match number % 3 {
                0 => create(&program, &name),
                1 => {
                    create(&program, &name).header("Idempotency-Key", format!("key-{}", number % 5))
                }
                _ => {
                    let body = json!({ "name": name });
                    program.with_json(Method::PATCH, &format!("/item/{id}"), &body)
                }
            };
            Response::to(request)
        });
        for response in join_all(requests).await {
            assert!(
                [200, 201, 409, 422].contains(&response.status.as_u16()),
                "{response:?}"
            );
        }
    });
}
