//! `Idempotency-Key`: a repeated creation creates one item.

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::json;

use crate::harness::{Database, Program, Response, Start, run, waiting_for_a_lock, with_program};

async fn create(program: &Program, key: &str, name: &str) -> Response {
    let request = program.with_json(Method::POST, "/item", &json!({ "name": name }));
    Response::to(request.header("Idempotency-Key", key)).await
}

#[test]
fn the_same_key_and_body_get_the_first_response_again() {
    with_program(async |program: Program| {
        let first = create(&program, "k1", "one").await;
        assert_eq!(first.status, 201);
        let again = create(&program, "k1", " one ").await;
        assert_eq!(
            (again.status, again.body),
            (first.status, first.body.clone())
        );
        assert_eq!(again.headers["location"], first.headers["location"]);

        // Also after the item was deleted, and another item got its name.
        program.delete(first.header("location")).await;
        let after = create(&program, "k1", "one").await;
        assert_eq!((after.status, after.body), (first.status, first.body));
        assert_eq!(program.get("/item").await.body, b"{\"data\":[]}");
    });
}

#[test]
fn a_409_is_stored_too() {
    with_program(async |program: Program| {
        let id = program.make("one").await;
        create(&program, "k1", "one")
            .await
            .problem(409, "name-taken");
        program.delete(&format!("/item/{id}")).await;
        create(&program, "k1", "one")
            .await
            .problem(409, "name-taken");
        assert_eq!(create(&program, "k2", "one").await.status, 201);
    });
}

#[test]
fn the_same_key_with_another_body_is_rejected() {
    with_program(async |program: Program| {
        create(&program, "k1", "one").await;
        let other = create(&program, "k1", "two").await;
        other.problem(422, "idempotency-key-reused");
        // An invalid body does not use a key.
        let request = program.with_json(Method::POST, "/item", &json!({}));
        let response = Response::to(request.header("Idempotency-Key", "k2")).await;
        response.problem(422, "invalid-item");
        assert_eq!(create(&program, "k2", "two").await.status, 201);
    });
}

#[test]
fn a_key_whose_request_is_running_gets_409() {
    run(async {
        let database = Database::migrated();
        let program = Start::on(&database).await;
        // Another transaction that creates the same name blocks the first request.
        let mut blocker = database.connect().await;
        let transaction = blocker.transaction().await.expect("a transaction");
        transaction
            .execute("INSERT INTO item (name) VALUES ('one')", &[])
            .await
            .expect("it is inserted");
        let first = create(&program, "k1", "one");
        let second = async {
            waiting_for_a_lock(&database, 1).await;
            let response = create(&program, "k1", "one").await;
            response.problem(409, "idempotency-key-in-progress");
            transaction.rollback().await.expect("it is undone");
        };
        let (first, ()) = tokio::join!(first, second);
        assert_eq!(first.status, 201);
    });
}

#[test]
fn many_simultaneous_requests_with_one_key_create_one_item() {
    run(async {
        let database = Database::migrated();
        let one = Start::on(&database).await;
        let other = Start::on(&database).await;
        let requests = (0..40).map(|number| {
            let program = if number % 2 == 0 { &one } else { &other };
            create(program, "k1", "one")
        });
        for response in join_all(requests).await {
            if response.status != 201 {
                response.problem(409, "idempotency-key-in-progress");
            }
        }
        let items = one.get("/item").await.json();
        assert_eq!(items["data"].as_array().map(Vec::len), Some(1));
    });
}

#[test]
fn a_key_expires_after_24_hours() {
    run(async {
        let database = Database::migrated();
        let program = Start::on(&database).await;
        create(&program, "old", "one").await;
        create(&program, "young", "two").await;
        let client = database.connect().await;
        for (key, age) in [
            ("old", "24 hours 1 second"),
            ("young", "23 hours 59 minutes"),
        ] {
            client
                .execute(
                    "UPDATE idempotency_key SET created_at = now() - $2::text::interval WHERE key = $1",
                    &[&key, &age],
                )
                .await
                .expect("it is made older");
        }
        // It expires even before the timer has deleted it: the key can be used for another name.
        assert_eq!(create(&program, "old", "three").await.status, 201);
        create(&program, "young", "four")
            .await
            .problem(422, "idempotency-key-reused");
    });
}

#[test]
fn invalid_keys_are_rejected() {
    with_program(async |program: Program| {
        for key in ["", "has space", &"x".repeat(256), "na\u{ef}ve"] {
            let request = program.with_json(Method::POST, "/item", &json!({"name": "x"}));
            let response = Response::to(request.header("Idempotency-Key", key)).await;
            let problem = response.problem(400, "bad-parameter");
            assert_eq!(problem["errors"][0]["field"], "Idempotency-Key", "{key}");
        }
        let request = program.with_json(Method::POST, "/item", &json!({"name": "x"}));
        let twice = request
            .header("Idempotency-Key", "a")
            .header("Idempotency-Key", "b");
        Response::to(twice).await.problem(400, "bad-parameter");
        assert_eq!(create(&program, &"x".repeat(255), "x").await.status, 201);
    });
}
