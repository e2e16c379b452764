//! Items: make, read, rename, delete, and what every answer has in common.

use reqwest::Method;
use serde_json::json;

use crate::harness::{Answer, Program, with_program};

#[test]
fn an_item_can_be_made_read_renamed_and_deleted() {
    with_program(async |program: Program| {
        let made = program
            .post("/item", &json!({"name": "  a new item "}))
            .await;
        assert_eq!(made.status, 201);
        let id = made.json()["data"]["id"].as_i64().expect("a number");
        assert_eq!(made.header("location"), format!("/item/{id}"));
        assert_eq!(made.json()["data"]["name"], "a new item");

        let path = format!("/item/{id}");
        assert_eq!(program.get(&path).await.json(), made.json());

        let renamed = program.patch(&path, &json!({"name": "renamed"})).await;
        assert_eq!(renamed.status, 200);
        assert_eq!(renamed.json()["data"]["name"], "renamed");
        assert_eq!(
            renamed.json()["data"]["created_at"],
            made.json()["data"]["created_at"]
        );
        assert_eq!(program.get(&path).await.json(), renamed.json());

        let deleted = program.delete(&path).await;
        assert_eq!((deleted.status.as_u16(), deleted.body.len()), (204, 0));
        program.get(&path).await.problem(404, "no-such-item");
        program.delete(&path).await.problem(404, "no-such-item");
        let gone = program.patch(&path, &json!({"name": "x"})).await;
        gone.problem(404, "no-such-item");
    });
}

#[test]
fn the_request_of_the_original_challenge_works() {
    with_program(async |program: Program| {
        let request = program
            .request(Method::POST, "/item")
            .header("Content-Type", "application/json")
            .body(r#"{ "name": "a new item" }"#);
        assert_eq!(Answer::to(request).await.status, 201);
        let items = program.get("/item").await.json();
        assert_eq!(items["data"][0]["name"], "a new item");
    });
}

#[test]
fn a_name_belongs_to_one_item() {
    with_program(async |program: Program| {
        program.make("one").await;
        let two = program.make("two").await;
        let again = program.post("/item", &json!({"name": " one"})).await;
        again.problem(409, "name-taken");
        let path = format!("/item/{two}");
        let taken = program.patch(&path, &json!({"name": "one"})).await;
        taken.problem(409, "name-taken");
        // Its own name is not taken.
        let same = program.patch(&path, &json!({"name": "two"})).await;
        assert_eq!(same.status, 200);
    });
}

#[test]
fn creations_at_the_same_time_each_get_their_own_answer() {
    with_program(async |program: Program| {
        // Two of each name: one of them makes it, the other finds it taken.
        let requests = (0..400).map(|number| {
            let body = json!({ "name": format!("item {}", number / 2) });
            Answer::to(program.with_json(Method::POST, "/item", &body))
        });
        let answers = futures_util::future::join_all(requests).await;
        let made: Vec<_> = answers.iter().filter(|it| it.status == 201).collect();
        assert_eq!(made.len(), 200);
        for answer in &answers {
            if answer.status != 201 {
                answer.problem(409, "name-taken");
            }
        }
        for answer in made {
            let stored = program.get(answer.header("location")).await;
            assert_eq!(stored.json(), answer.json());
        }
    });
}

#[test]
fn unicode_is_kept_as_it_came() {
    with_program(async |program: Program| {
        for name in [
            "e\u{301}",
            "\u{e9}",
            "👩‍👩‍👧",
            "\"\\/\u{2028}x",
            "ａ",
            "O'Brien; DROP",
        ] {
            let id = program.make(name).await;
            let stored = program.get(&format!("/item/{id}")).await.json();
            assert_eq!(stored["data"]["name"], name);
        }
    });
}

#[test]
fn methods_that_a_path_does_not_take_get_405_with_allow() {
    with_program(async |program: Program| {
        for (path, allow) in [
            ("/item", "GET, HEAD, POST, OPTIONS"),
            ("/item/7", "GET, HEAD, PATCH, DELETE, OPTIONS"),
            ("/item/not-an-id", "GET, HEAD, PATCH, DELETE, OPTIONS"),
            ("/health", "GET, HEAD, OPTIONS"),
            ("/health/live", "GET, HEAD, OPTIONS"),
            ("/openapi.json", "GET, HEAD, OPTIONS"),
            ("/", "GET, HEAD, OPTIONS"),
        ] {
            for method in ["PUT", "TRACE", "BREW"] {
                let method = Method::from_bytes(method.as_bytes()).expect("a method");
                let answer = Answer::to(program.request(method, path)).await;
                answer.problem(405, "method-not-allowed");
                assert_eq!(answer.header("allow"), allow, "{path}");
            }
        }
    });
}

#[test]
fn paths_that_are_not_there_get_404() {
    with_program(async |program: Program| {
        for path in [
            "/items",
            "/ITEM",
            "/item/1/2",
            "/%FF%FE",
            "/health/dead",
            "/favicon.ico",
            "//item",
            "/..%2fitem",
        ] {
            let answer = program.get(path).await;
            answer.problem(404, "no-such-path");
        }
    });
}

#[test]
fn head_answers_as_get_without_a_body() {
    with_program(async |program: Program| {
        let id = program.make("x").await;
        for path in ["/item", "/item?limit=1", &format!("/item/{id}"), "/health"] {
            let answer = Answer::to(program.request(Method::HEAD, path)).await;
            assert_eq!(
                (answer.status.as_u16(), answer.body.len()),
                (200, 0),
                "{path}"
            );
        }
    });
}

/// Every header that may be in an answer. One that is not here came in by accident.
const HEADERS: [&str; 12] = [
    "allow",
    "cache-control",
    "connection",
    "content-length",
    "content-type",
    "date",
    "link",
    "location",
    "retry-after",
    "transfer-encoding",
    "x-content-type-options",
    "x-request-id",
];

#[test]
fn every_answer_has_the_common_headers_and_no_unknown_ones() {
    with_program(async |program: Program| {
        let id = program.make("x").await;
        let mut answers = vec![
            program.post("/item", &json!({"name": "y"})).await,
            program.post("/item", &json!({"name": "x"})).await,
            program
                .patch(&format!("/item/{id}"), &json!({"name": "z"}))
                .await,
            program.delete(&format!("/item/{id}")).await,
        ];
        for path in [
            "/item",
            "/item?limit=1",
            "/item/1",
            "/nothing",
            "/health",
            "/",
            "/openapi.json",
        ] {
            answers.push(program.get(path).await);
        }
        for answer in answers {
            for name in answer.headers.keys() {
                assert!(HEADERS.contains(&name.as_str()), "{name} in {answer:?}");
            }
            assert_eq!(answer.header("x-content-type-options"), "nosniff");
            assert_eq!(answer.header("cache-control"), "no-store");
            assert_eq!(answer.header("x-request-id").len(), 36);
        }
    });
}
