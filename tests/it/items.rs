//! Items: create, read, rename, delete; and the headers of every response.

use reqwest::Method;
use serde_json::json;

use crate::harness::{Program, Response, with_program};

#[test]
fn an_item_can_be_created_read_renamed_and_deleted() {
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
fn the_request_of_the_original_challenge_succeeds() {
    with_program(async |program: Program| {
        let request = program
            .request(Method::POST, "/item")
            .header("Content-Type", "application/json")
            .body(r#"{ "name": "a new item" }"#);
        assert_eq!(Response::to(request).await.status, 201);
        let items = program.get("/item").await.json();
        assert_eq!(items["data"][0]["name"], "a new item");
    });
}

#[test]
fn names_are_unique() {
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
fn each_of_many_simultaneous_creations_gets_its_own_response() {
    with_program(async |program: Program| {
        // Two of each name: one of them creates the item, and the other gets 409.
        let requests = (0..400).map(|number| {
            let body = json!({ "name": format!("item {}", number / 2) });
            Response::to(program.with_json(Method::POST, "/item", &body))
        });
        let responses = futures_util::future::join_all(requests).await;
        let made: Vec<_> = responses.iter().filter(|it| it.status == 201).collect();
        assert_eq!(made.len(), 200);
        for response in &responses {
            if response.status != 201 {
                response.problem(409, "name-taken");
            }
        }
        for response in made {
            let stored = program.get(response.header("location")).await;
            assert_eq!(stored.json(), response.json());
        }
    });
}

#[test]
fn unicode_names_are_not_changed() {
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
        let body = json!({"name": "\u{a0}\u{3000}trimmed\n"});
        let trimmed = program.post("/item", &body).await.json();
        assert_eq!(trimmed["data"]["name"], "trimmed");
    });
}

#[test]
fn other_methods_get_405_with_allow() {
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
                let response = Response::to(program.request(method, path)).await;
                response.problem(405, "method-not-allowed");
                assert_eq!(response.header("allow"), allow, "{path}");
            }
        }
    });
}

#[test]
fn unknown_paths_get_404() {
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
            let response = program.get(path).await;
            response.problem(404, "no-such-path");
        }
    });
}

#[test]
fn head_is_get_without_a_body() {
    with_program(async |program: Program| {
        let id = program.make("x").await;
        for path in ["/item", "/item?limit=1", &format!("/item/{id}"), "/health"] {
            let response = Response::to(program.request(Method::HEAD, path)).await;
            assert_eq!(
                (response.status.as_u16(), response.body.len()),
                (200, 0),
                "{path}"
            );
        }
    });
}

/// Every header that a response may have. Another header would be an accident.
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
fn every_response_has_the_common_headers_and_no_unknown_ones() {
    with_program(async |program: Program| {
        let id = program.make("x").await;
        let mut responses = vec![
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
            responses.push(program.get(path).await);
        }
        for response in responses {
            for name in response.headers.keys() {
                assert!(HEADERS.contains(&name.as_str()), "{name} in {response:?}");
            }
            assert_eq!(response.header("x-content-type-options"), "nosniff");
            assert_eq!(response.header("cache-control"), "no-store");
            assert_eq!(response.header("x-request-id").len(), 36);
        }
    });
}
