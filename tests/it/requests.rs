//! Paths, queries, methods and `Host` of all routes.

use std::fmt::Write;

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{Program, Response, send_raw, with_program};

/// A path of each route, and its `Allow`.
const ROUTES: &[(&str, &str)] = &[
    ("/", "GET, HEAD, OPTIONS"),
    ("/item", "GET, HEAD, POST, OPTIONS"),
    ("/item/1", "GET, HEAD, PATCH, DELETE, OPTIONS"),
    ("/health", "GET, HEAD, OPTIONS"),
    ("/health/live", "GET, HEAD, OPTIONS"),
    ("/openapi.json", "GET, HEAD, OPTIONS"),
    ("/scale/hold", "GET, HEAD, POST, OPTIONS"),
    ("/ops", "GET, HEAD, POST, OPTIONS"),
    ("/ops/action", "POST, OPTIONS"),
    ("/scale/plan", "GET, HEAD, OPTIONS"),
    ("/scale/hold/web", "DELETE, OPTIONS"),
];

fn method(allow: &str) -> Method {
    let first = allow.split(", ").next().expect("a split has a first part");
    first.parse().expect("a method")
}

#[test]
fn every_route_supports_options_and_rejects_other_methods() {
    with_program(async |program: Program| {
        for (path, allow) in ROUTES {
            let options = Response::to(program.request(Method::OPTIONS, path)).await;
            assert_eq!(
                (options.status.as_u16(), options.header("allow")),
                (204, *allow),
                "{path}"
            );
            let put = Response::to(program.request(Method::PUT, path)).await;
            put.problem(405, "method-not-allowed");
            assert_eq!(put.header("allow"), *allow, "{path}");
        }
        let nothing = Response::to(program.request(Method::OPTIONS, "/nothing")).await;
        nothing.problem(404, "no-such-path");
    });
}

#[test]
fn every_route_rejects_unknown_parameters_and_ignores_a_key() {
    with_program(async |program: Program| {
        program.make("1").await;
        for (path, allow) in ROUTES {
            let ask = |query: &str| program.request(method(allow), &format!("{path}?{query}"));
            let response = Response::to(ask("page=2")).await;
            let problem = response.problem(400, "bad-parameter");
            assert_eq!(problem["errors"][0]["field"], "page", "{path}");
            for key in [
                "code=hunter2",
                "CODE=hunter2&Code=hunter2",
                "c%6fde=hunter2",
            ] {
                let response = Response::to(ask(key)).await;
                let expected = match *path {
                    // The request has no form.
                    "/ops/action" => 415,
                    "/scale/hold" => 200,
                    // There is neither a schedule nor a hold.
                    path if path.starts_with("/scale/") => 404,
                    _ => 200,
                };
                assert_eq!(response.status, expected, "{path}?{key}");
                assert!(!String::from_utf8_lossy(&response.body).contains("hunter2"));
            }
        }
        for line in program.stdout().iter().chain(&program.stderr()) {
            assert!(!line.contains("hunter2"), "{line}");
        }
    });
}

#[test]
fn parameters_are_percent_decoded() {
    with_program(async |program: Program| {
        program.make("1").await;
        program.make("2").await;
        let response = program.get("/item?&%6Cimit=%31&%61fter=%30&").await;
        assert_eq!(response.json()["data"].as_array().map(Vec::len), Some(1));
        let plus = program.get("/item?limit=+5").await;
        plus.problem(400, "bad-parameter");
    });
}

#[test]
fn paths_are_normalized_like_under_the_functions_host() {
    with_program(async |program: Program| {
        let item = program.get("/item/1").await;
        item.problem(404, "no-such-item");
        program.make("x").await;
        let item = program.get("/item/1").await.json();
        for path in [
            "/item/1/",
            "/item/%31",
            "/it%65m/1",
            "/item/./1",
            "/item/x/../1",
            "/health/%2e%2E/item/1",
            "/../item/1?code=x",
        ] {
            assert_eq!(raw(&program, path).await, (200, item.clone()), "{path}");
        }
        for (path, _) in ROUTES
            .iter()
            .filter(|(_, allow)| method(allow) == Method::GET)
        {
            let (status, _) = raw(&program, path).await;
            let encoded: String = path.bytes().fold(String::new(), |mut encoded, byte| {
                match byte {
                    b'/' => encoded.push('/'),
                    byte => {
                        write!(encoded, "%{byte:02x}").expect("writing to a string never fails");
                    }
                }
                encoded
            });
            assert_eq!(raw(&program, &encoded).await.0, status, "{encoded}");
            let slash = format!("{}/", path.trim_end_matches('/'));
            assert_eq!(raw(&program, &slash).await.0, status, "{slash}");
        }
        for (path, expected) in [
            ("/item%2F1", 404),
            ("//item/1", 404),
            ("/item//1", 404),
            ("/item/1%00", 400),
            ("/item/%252e", 400),
            ("/item/..%5Citem_housekeeping", 400),
        ] {
            assert_eq!(raw(&program, path).await.0, expected, "{path}");
        }
    });
}

/// Status and JSON of a path that a client library would normalize.
async fn raw(program: &Program, path: &str) -> (u16, Value) {
    let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    let response = send_raw(program.address(), request.as_bytes()).await;
    let body = response.text.split("\r\n\r\n").nth(1).unwrap_or_default();
    (
        response.status,
        serde_json::from_str(body).unwrap_or(Value::Null),
    )
}

#[test]
fn a_request_has_exactly_one_host() {
    with_program(async |program: Program| {
        for (hosts, status) in [
            ("", 400),
            ("Host: a.example\r\nHost: a.example\r\n", 400),
            ("Host: a b\r\n", 400),
            ("Host: \r\n", 400),
            ("Host: a.example:7071\r\n", 200),
        ] {
            let request = format!("GET /item?limit=1 HTTP/1.1\r\n{hosts}Connection: close\r\n\r\n");
            let response = send_raw(program.address(), request.as_bytes()).await;
            assert_eq!(response.status, status, "{hosts:?}: {}", response.text);
            assert_eq!(
                response.text.contains("\"field\":\"host\""),
                status == 400,
                "{}",
                response.text
            );
        }
    });
}

#[test]
fn head_queries_the_database_like_get() {
    crate::harness::run(async {
        let program = crate::harness::Start::handler()
            .set("DATABASE_URL", "host=/nowhere user=absent")
            .set("DATABASE_WAIT", "1")
            .serving()
            .await;
        for path in ["/item", "/item?limit=1", "/item/1"] {
            let head = Response::to(program.request(Method::HEAD, path)).await;
            assert_eq!(head.status, 503, "{path}");
        }
    });
    with_program(async |program: Program| {
        for path in ["/item", "/item?limit=1"] {
            let head = Response::to(program.request(Method::HEAD, path)).await;
            let get = program.get(path).await;
            assert_eq!(head.status, 200, "{path}");
            for header in ["content-type", "content-length"] {
                assert_eq!(head.header(header), get.header(header), "{path}: {header}");
            }
        }
    });
}

#[test]
fn deep_json_does_not_crash_the_program() {
    with_program(async |program: Program| {
        let deep = [
            "[".repeat(60_000),
            "{\"a\":".repeat(10_000),
            "[1,".repeat(20_000),
        ];
        for body in &deep {
            for path in ["/item", "/scale/hold", "/item_housekeeping"] {
                for wrapped in [
                    body.clone(),
                    format!("{{\"name\":{body}"),
                    format!("{{\"Data\":{{\"t\":{body}"),
                ] {
                    let request = program.request(Method::POST, path);
                    let request = request.header("content-type", "application/json");
                    let response = Response::to(request.body(wrapped)).await;
                    // A failure of a timer is a 500.
                    assert!(
                        [400, 413, 422, 500].contains(&response.status.as_u16()),
                        "{response:?}"
                    );
                }
            }
        }
        let nested = format!("{:?}", "[".repeat(60_000));
        let envelope = json!({"Data": {"timer": nested}});
        assert_eq!(
            program.post("/item_housekeeping", &envelope).await.status,
            500
        );
        program.make("after the errors").await;
    });
}
