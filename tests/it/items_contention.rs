//! Creations and renames that want each other's names: none of them fails for that, and none fails
//! another.

use std::time::Duration;

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::json;
use tokio::task::JoinHandle;

use crate::harness::{Answer, Database, Program, Start, run, waiting_for_a_lock, with_program};

fn create(program: &Program, name: &str) -> reqwest::RequestBuilder {
    program.with_json(Method::POST, "/item", &json!({ "name": name }))
}

/// A transaction of another program, which holds names until it ends.
const HOLDS_M_AND_TOUCHES_Z: &str = "BEGIN; UPDATE item SET name = 'm' WHERE name = 'z'";

/// Sends creations that become one batch, with the first name first: the pool's one connection waits for
/// another name until all of them are queued.
async fn one_batch(
    database: &Database,
    program: &Program,
    names: &[&str],
) -> Vec<JoinHandle<Answer>> {
    let holder = database.connect().await;
    let hold = "BEGIN; INSERT INTO item (name) VALUES ('held')";
    holder.batch_execute(hold).await.expect("it is held");
    let first = tokio::spawn(Answer::to(create(program, "held")));
    waiting_for_a_lock(database, 1).await;
    let mut creations = Vec::new();
    for name in names {
        creations.push(tokio::spawn(Answer::to(create(program, name))));
        // The first one is at the head of the queue.
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
fn a_rename_that_deadlocks_with_creations_fails_none_of_them() {
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
        // The batch takes `a`, then waits for `z`, which the rename has touched; the rename goes on to
        // `a`, and waits for the batch.
        let rename = async {
            waiting_for_a_lock(&database, 1).await;
            let crossing = "UPDATE item SET name = 'a' WHERE name = 'y'; COMMIT";
            client.batch_execute(crossing).await
        };
        let (answers, renamed) = tokio::join!(join_all(creations), rename);
        // `a` and `z` have each one of two right results; the others have one.
        for (name, answer) in names.iter().zip(answers) {
            let answer = answer.expect("no panic");
            let right = match *name {
                "m" | "x" => answer.status == 201,
                _ => answer.status == 201 || answer.status == 409,
            };
            assert!(right, "{name}: {answer:?}");
        }
        drop(renamed);
    });
}

#[test]
fn renames_that_cross_each_other_and_creations_never_get_500() {
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
            Answer::to(program.with_json(Method::PATCH, &format!("/item/{id}"), &body))
        });
        let names = ["one", "two", "three", "four"];
        let creations = (0..60).map(|number| Answer::to(create(&program, names[number % 4])));
        let answers = futures_util::join!(join_all(renames), join_all(creations));
        for answer in answers.0.iter().chain(&answers.1) {
            assert!(
                [200, 201, 409].contains(&answer.status.as_u16()),
                "{answer:?}"
            );
        }
    });
}

#[test]
fn two_transactions_that_lock_each_other_out_are_both_served() {
    run(async {
        let database = Database::migrated();
        let program = Start::on(&database).await;
        let one = program.make("one").await;
        let two = program.make("two").await;
        // A session outside takes the second row, the rename takes the first and waits for the
        // second's name, and the session asks for the first row: a deadlock, which one of them loses.
        let mut client = database.connect().await;
        let outside = client.transaction().await.expect("a transaction");
        let touch = "UPDATE item SET created_at = created_at WHERE id = $1";
        outside.execute(touch, &[&two]).await.expect("it is locked");
        outside
            .execute("UPDATE item SET name = 'three' WHERE id = $1", &[&two])
            .await
            .expect("it is renamed");
        let body = json!({ "name": "two" });
        let rename = Answer::to(program.with_json(Method::PATCH, &format!("/item/{one}"), &body));
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
fn a_name_that_another_transaction_holds_for_seconds_delays_itself_alone() {
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
            .batch_execute(HOLDS_M_AND_TOUCHES_Z)
            .await
            .expect("they are held");
        let names: Vec<String> = (0..300).map(|number| format!("n{number}")).collect();
        let mut all: Vec<&str> = names.iter().map(String::as_str).collect();
        all.insert(150, "m");
        let mut answers = join_all(one_batch(&database, &program, &all).await).await;
        let held = answers.remove(150).expect("no panic");
        for answer in answers {
            let answer = answer.expect("no panic");
            assert_eq!(answer.status, 201, "{answer:?}");
        }
        // The server's limit for the lock and the program's for the statement may end together.
        assert_eq!(held.status, 503, "{held:?}");
        let detail = held.json()["detail"].to_string();
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
fn a_creation_that_waits_for_a_name_gets_it_when_it_is_free() {
    run(async {
        let database = Database::migrated();
        let program = Start::on(&database).await;
        program.make("z").await;
        let client = database.connect().await;
        client
            .batch_execute(HOLDS_M_AND_TOUCHES_Z)
            .await
            .expect("they are held");
        let creation = tokio::spawn(Answer::to(create(&program, "m")));
        // Longer than the statement for many waits.
        tokio::time::sleep(Duration::from_millis(600)).await;
        assert!(!creation.is_finished());
        client
            .batch_execute("ROLLBACK")
            .await
            .expect("it is undone");
        let answer = creation.await.expect("no panic");
        assert_eq!(answer.status, 201, "{answer:?}");
    });
}

#[test]
fn another_default_isolation_level_makes_no_errors() {
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
            Answer::to(request)
        });
        for answer in join_all(requests).await {
            assert!(
                [200, 201, 409, 422].contains(&answer.status.as_u16()),
                "{answer:?}"
            );
        }
    });
}
