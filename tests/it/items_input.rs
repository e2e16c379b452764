//! Invalid input gets a 4xx with the place of the error and the remedy.

use reqwest::Method;
use serde_json::json;

use crate::harness::{Program, Response, send_raw, with_program};

/// A body, the status and kind of its problem, and a part of the problem's detail.
const BODIES: &[(&str, u16, &str, &str)] = &[
    ("", 400, "malformed-json", "EOF"),
    ("{", 400, "malformed-json", "EOF"),
    ("{\"name\":\"x\"} y", 400, "malformed-json", "trailing"),
    ("{'name':'x'}", 400, "malformed-json", "line 1 column 2"),
    ("\u{feff}{\"name\":\"x\"}", 400, "malformed-json", "line 1"),
    (r#"{"name":"\ud800"}"#, 400, "malformed-json", "line 1"),
    (
        r#"{"name":"\udc00\ud800"}"#,
        400,
        "malformed-json",
        "line 1",
    ),
    (
        "{\"name\":\"a\nb\"}",
        400,
        "malformed-json",
        "control character",
    ),
    ("[]", 422, "invalid-item", "not an object"),
    ("null", 422, "invalid-item", "not an object"),
    ("\"x\"", 422, "invalid-item", "not an object"),
    ("7", 422, "invalid-item", "not an object"),
    ("{}", 422, "invalid-item", "/name: it is missing"),
    (
        r#"{"Name":"x"}"#,
        422,
        "invalid-item",
        "/Name: unknown member",
    ),
    (r#"{"name":null}"#, 422, "invalid-item", "it is null"),
    (r#"{"name":7}"#, 422, "invalid-item", "it is a number"),
    (r#"{"name":true}"#, 422, "invalid-item", "it is a boolean"),
    (r#"{"name":["x"]}"#, 422, "invalid-item", "it is an array"),
    (
        r#"{"name":{"x":1}}"#,
        422,
        "invalid-item",
        "it is an object",
    ),
    (r#"{"name":""}"#, 422, "invalid-item", "it is empty"),
    (
        r#"{"name":" \t\u3000 "}"#,
        422,
        "invalid-item",
        "it is empty",
    ),
    (r#"{"name":"a\u0000b"}"#, 422, "invalid-item", "U+0000"),
    (r#"{"name":"a\nb"}"#, 422, "invalid-item", "U+000A"),
    (r#"{"name":"a\u007fb"}"#, 422, "invalid-item", "U+007F"),
    (r#"{"name":"a\u001bb"}"#, 422, "invalid-item", "U+001B"),
    (r#"{"name":"a\u0085b"}"#, 422, "invalid-item", "U+0085"),
    (r#"{"name":"a\u202eb"}"#, 422, "invalid-item", "U+202E"),
    (r#"{"name":"\u200b"}"#, 422, "invalid-item", "invisible"),
    (
        r#"{"name":"\ufeff\u180e\u3164"}"#,
        422,
        "invalid-item",
        "invisible",
    ),
    (
        r#"{"name":"x","name":"y"}"#,
        422,
        "invalid-item",
        "more than once",
    ),
    (
        r#"{"name":"x","id":1}"#,
        422,
        "invalid-item",
        "/id: unknown member",
    ),
    (
        r#"{"name":"x","a/b~c":{}}"#,
        422,
        "invalid-item",
        "/a~1b~0c: unknown member",
    ),
];

#[test]
fn invalid_bodies_are_rejected_with_the_place_and_the_remedy() {
    with_program(async |program: Program| {
        let id = program.make("there").await;
        for (method, path) in [
            (Method::POST, "/item".into()),
            (Method::PATCH, format!("/item/{id}")),
        ] {
            for (body, status, kind, text) in BODIES {
                let response = send(&program, &method, &path, body.as_bytes()).await;
                let problem = response.problem(*status, kind);
                let detail = problem["detail"].as_str().expect("a text");
                assert!(detail.contains(text), "{body}: {detail}");
            }
        }
        assert_eq!(
            program.get("/item").await.json()["data"]
                .as_array()
                .map(Vec::len),
            Some(1)
        );
    });
}

async fn send(program: &Program, method: &Method, path: &str, body: &[u8]) -> Response {
    let request = program
        .request(method.clone(), path)
        .header("content-type", "application/json")
        .body(body.to_vec());
    Response::to(request).await
}

#[test]
fn at_most_20_unknown_members_are_listed() {
    with_program(async |program: Program| {
        let members: Vec<String> = (0..5000).map(|it| format!("\"{it}\":0")).collect();
        let body = format!("{{\"name\":\"x\",{}}}", members.join(","));
        let response = send(&program, &Method::POST, "/item", body.as_bytes()).await;
        let problem = response.problem(422, "invalid-item");
        let errors = problem["errors"].as_array().expect("a list");
        assert_eq!(errors.len(), 21);
        let last = errors[20]["detail"].as_str().expect("a text");
        assert!(last.contains("4980 more"), "{last}");
        let body = format!("{{\"name\":\"x\",{:?}:0}}", "y".repeat(50_000));
        let long = send(&program, &Method::POST, "/item", body.as_bytes()).await;
        long.problem(422, "invalid-item");
        for response in [response, long] {
            assert!(response.body.len() < 5000, "{} bytes", response.body.len());
        }
    });
}

#[test]
fn names_are_counted_in_characters() {
    with_program(async |program: Program| {
        program.make(&"🦀".repeat(255)).await;
        let body = json!({ "name": "🦀".repeat(256) });
        let problem = program
            .post("/item", &body)
            .await
            .problem(422, "invalid-item");
        assert_eq!(problem["errors"][0]["field"], "/name");
        let detail = problem["errors"][0]["detail"].as_str().expect("a text");
        assert!(
            detail.contains("256") && detail.contains("at most 255"),
            "{detail}"
        );
    });
}

#[test]
fn invalid_utf_8_and_deep_json_are_rejected() {
    with_program(async |program: Program| {
        let broken = send(&program, &Method::POST, "/item", b"{\"name\":\"\xff\xfe\"}").await;
        broken.problem(400, "malformed-json");
        let deep = format!("{{\"name\":{}", "[".repeat(20_000));
        let response = send(&program, &Method::POST, "/item", deep.as_bytes()).await;
        response.problem(400, "malformed-json");
        let deep = format!(
            "{{\"other\":{}1{}}}",
            "[".repeat(10_000),
            "]".repeat(10_000)
        );
        let response = send(&program, &Method::POST, "/item", deep.as_bytes()).await;
        response.problem(422, "invalid-item");
    });
}

#[test]
fn other_media_types_and_compressed_bodies_get_415() {
    with_program(async |program: Program| {
        for (name, value) in [
            ("content-type", "text/plain"),
            ("content-type", "application/x-www-form-urlencoded"),
            ("content-type", ""),
            ("content-type", "json"),
            ("content-type", "text/json"),
            ("content-type", "application/jsonp"),
            ("content-type", "application/x-json"),
            ("content-type", "application/json+xml"),
            ("x-none", "no content type at all"),
        ] {
            let request = program.request(Method::POST, "/item").header(name, value);
            let response = Response::to(request.body("{\"name\":\"x\"}")).await;
            let problem = response.problem(415, "unsupported-media-type");
            assert_eq!(problem["errors"][0]["field"], "content-type");
        }
        let request = program.with_json(Method::POST, "/item", &json!({"name": "x"}));
        let response = Response::to(request.header("content-encoding", "gzip")).await;
        let problem = response.problem(415, "unsupported-media-type");
        assert_eq!(problem["errors"][0]["field"], "content-encoding");
        for (number, good) in [
            "Application/JSON; charset=utf-8",
            "application/vnd.shop+json",
        ]
        .into_iter()
        .enumerate()
        {
            let request = program.request(Method::POST, "/item");
            let body = format!("{{\"name\":\"{number}\"}}");
            let request = request.header("content-type", good).body(body);
            assert_eq!(Response::to(request).await.status, 201, "{good}");
        }
    });
}

#[test]
fn a_body_of_100_mb_is_rejected_and_not_kept_in_memory() {
    with_program(async |program: Program| {
        let before = program.resident().now;
        let head = "POST /item HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n";
        let announced = format!("{head}Content-Length: 104857600\r\n\r\n");
        let response = send_raw(program.address(), announced.as_bytes()).await;
        assert_eq!(response.status, 413, "{}", response.text);
        assert!(
            response
                .text
                .contains("urn:magnusapi:problem:body-too-large")
        );

        let mut chunked = format!("{head}Transfer-Encoding: chunked\r\n\r\n").into_bytes();
        for _ in 0..100 {
            chunked.extend_from_slice(b"100000\r\n");
            chunked.resize(chunked.len() + 0x10_0000, b' ');
            chunked.extend_from_slice(b"\r\n");
        }
        chunked.extend_from_slice(b"0\r\n\r\n");
        let response = send_raw(program.address(), &chunked).await;
        assert_eq!(response.status, 413, "{}", response.text);
        let peak = program.resident().peak;
        assert!(
            peak < before + 24 * 1024,
            "{before} KiB before, {peak} KiB at most"
        );
        program.make("after the errors").await;
    });
}

#[test]
fn invalid_ids_and_queries_are_rejected_by_name() {
    with_program(async |program: Program| {
        for id in [
            "0",
            "-1",
            "+1",
            "01",
            "1.5",
            "x",
            "9223372036854775808",
            "%D9%A7",
            "%FF",
            "1%2F",
        ] {
            let path = format!("/item/{id}");
            for response in [
                program.get(&path).await,
                program.delete(&path).await,
                program.patch(&path, &json!({"name": "x"})).await,
            ] {
                let problem = response.problem(400, "bad-parameter");
                assert_eq!(problem["errors"][0]["field"], "id", "{path}");
            }
        }
        program
            .get("/item/9223372036854775807")
            .await
            .problem(404, "no-such-item");
        for (query, field) in [
            ("limit=0", "limit"),
            ("limit=1001", "limit"),
            ("limit=ten", "limit"),
            ("limit=1&limit=2", "limit"),
            ("limit=1&%6Cimit=1", "limit"),
            ("Limit=2", "Limit"),
            ("=", ""),
            ("after=x", "after"),
            ("after=9223372036854775808", "after"),
            ("offset=5", "offset"),
            ("%FF=%FE", "\u{FFFD}"),
        ] {
            let response = program.get(&format!("/item?{query}")).await;
            let problem = response.problem(400, "bad-parameter");
            assert_eq!(problem["errors"][0]["field"], field, "{query}");
        }
    });
}

#[test]
fn malformed_requests_are_rejected_and_the_program_continues() {
    with_program(async |program: Program| {
        for bytes in [
            &b"GET /item/\xff\xfe HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"[..],
            b"GET /item?limit=\xff HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
            b"nonsense\r\n\r\n",
            b"POST /item HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n",
            b"POST /item HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        ] {
            let response = send_raw(program.address(), bytes).await;
            assert!(
                (400..500).contains(&response.status),
                "{bytes:?}: {}",
                response.text
            );
        }
        program.make("after the errors").await;
    });
}
