//! Calls of timers as the Functions host sends them: bytes on a socket.

use std::fmt::Write;

use magnusapi::app::timer_functions;
use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{Database, Program, Response, Start, run, send_raw, with_program};

const ENVELOPE: &str = r#"{"Data":{"timer":{"Schedule":{"AdjustForDST":true},"ScheduleStatus":null,"IsPastDue":false}},"Metadata":{"sys":{"MethodName":"item_housekeeping","UtcNow":"2026-09-14T03:15:00.0210034Z","RandGuid":"4ad7c4a5"}}}"#;

const INVOCATION: &str = "f1f0b8f2-4a55-4b0e-9d53-5d1a4a1a9f10";

fn head(framing: &str) -> String {
    format!(
        "POST /item_housekeeping HTTP/1.1\r\nHost: 127.0.0.1\r\n\
         User-Agent: Azure-Functions-Host/4.1052.200.0\r\n\
         X-Azure-Functions-InvocationId: {INVOCATION}\r\n\
         Content-Type: application/json; charset=utf-8\r\nConnection: close\r\n{framing}\r\n\r\n"
    )
}

#[test]
fn an_envelope_is_accepted_chunked_and_with_a_length() {
    with_program(async |program: Program| {
        let length = format!(
            "{}{ENVELOPE}",
            head(&format!("Content-Length: {}", ENVELOPE.len()))
        );
        let (one, two) = ENVELOPE.split_at(100);
        let chunked = format!(
            "{}{:x}\r\n{one}\r\n{:x}\r\n{two}\r\n0\r\n\r\n",
            head("Transfer-Encoding: chunked"),
            one.len(),
            two.len()
        );
        for request in [length, chunked] {
            let response = send_raw(program.address(), request.as_bytes()).await;
            assert_eq!(response.status, 200, "{}", response.text);
            assert!(response.text.contains("content-type: application/json\r\n"));
            let body = response.text.split("\r\n\r\n").nth(1).expect("a body");
            let body: serde_json::Value = serde_json::from_str(body).expect("an object");
            assert_eq!(body["Outputs"], json!({}));
            assert_eq!(body["ReturnValue"], json!(null));
            assert!(body["Logs"][0].is_string(), "{body}");
        }
    });
}

/// Recorded requests of the Functions host 4.1037, one a line: calls of timers in every situation (late, by hand,
/// retried, with and without a length), and readiness polls.
const RECORDED: &str = include_str!("timers/host_requests.jsonl");

#[test]
fn every_recorded_request_of_the_host_succeeds() {
    with_program(async |program: Program| {
        for function in timer_functions() {
            for line in RECORDED.lines() {
                let request: Value = serde_json::from_str(line).expect("a line is JSON");
                let response = send_raw(program.address(), &recorded(&request, function)).await;
                assert_eq!(
                    response.status, 200,
                    "{function}: {request}: {}",
                    response.text
                );
            }
        }
    });
}

/// The bytes of a recorded request, changed to call `function`.
fn recorded(request: &Value, function: &str) -> Vec<u8> {
    let text = |member: &str| {
        let text = request[member].as_str().expect("a text");
        text.replace("{PORT}", "7071")
            .replace("{GUID1}", INVOCATION)
            .replace("{GUID2}", "4ad7c4a5-7f0a-4b57-9f0e-0f2f5a0a1c11")
    };
    let mut head = text("head");
    let mut body = text("body");
    if let Some(name) = head
        .strip_prefix("POST /")
        .and_then(|it| it.split(' ').next())
    {
        body = body.replace(&format!("{name:?}"), &format!("{function:?}"));
        head = head.replacen(&format!("/{name} "), &format!("/{function} "), 1);
    }
    match text("framing").as_str() {
        "length" => {
            let head: Vec<&str> = head
                .lines()
                .filter(|it| !it.starts_with("Content-Length"))
                .collect();
            let length = body.len();
            format!(
                "{}\r\nContent-Length: {length}\r\n\r\n{body}",
                head.join("\r\n")
            )
        }
        chunked => {
            let count: usize = chunked
                .split(' ')
                .nth(1)
                .and_then(|count| count.parse().ok())
                .expect("a count of chunks");
            let size = body.len().div_ceil(count);
            let mut framed = format!("{head}\r\n\r\n");
            for chunk in body.as_bytes().chunks(size) {
                let text = String::from_utf8_lossy(chunk);
                write!(framed, "{:x}\r\n{text}\r\n", chunk.len())
                    .expect("writing to a string never fails");
            }
            framed + "0\r\n\r\n"
        }
    }
    .into_bytes()
}

#[test]
fn timers_cannot_be_reached_from_outside() {
    with_program(async |program: Program| {
        for (name, value) in [
            ("X-Forwarded-Host", "shop.example"),
            ("x-ms-invocation-id", INVOCATION),
        ] {
            let request = program
                .request(Method::POST, "/item_housekeeping")
                .header(name, value)
                .body(ENVELOPE);
            Response::to(request).await.problem(404, "no-such-path");
        }
        let get = program.get("/item_housekeeping").await;
        get.problem(404, "no-such-path");
        let unknown = program.post("/postfacto-nothing", &json!({})).await;
        unknown.problem(404, "no-such-path");
    });
}

#[test]
fn a_body_that_is_not_an_envelope_fails_the_call_with_an_object() {
    with_program(async |program: Program| {
        for body in ["{", "[]", "null", "\u{0}"] {
            let request = program
                .request(Method::POST, "/item_housekeeping")
                .body(body);
            let response = Response::to(request).await;
            assert_eq!(response.status, 500, "{body}");
            assert_eq!(response.header("content-type"), "application/json");
            assert!(
                response.json()["Error"]
                    .as_str()
                    .is_some_and(|it| it.contains("envelope"))
            );
        }
        let huge = "x".repeat(2 * 1024 * 1024);
        let request = program
            .request(Method::POST, "/item_housekeeping")
            .body(huge);
        let response = Response::to(request).await;
        assert_eq!(response.status, 500);
        assert!(
            response.json()["Error"]
                .as_str()
                .is_some_and(|it| it.contains("at most"))
        );
    });
}

#[test]
fn a_failed_call_is_a_5xx_with_an_object_and_its_reason_on_stderr() {
    run(async {
        let program = Start::handler()
            .set("DATABASE_URL", "host=/nowhere user=absent")
            .set("DATABASE_WAIT", "1")
            .serving()
            .await;
        let request = program
            .request(Method::POST, "/item_housekeeping")
            .header("X-Azure-Functions-InvocationId", INVOCATION)
            .body(ENVELOPE);
        let response = Response::to(request).await;
        assert_eq!(response.status, 500);
        assert_eq!(response.header("content-type"), "application/json");
        assert!(response.json().is_object());
        let line = program
            .error_line(|line| line.contains("item_housekeeping failed"))
            .await;
        assert!(line.contains(INVOCATION), "{line}");
    });
}

#[test]
fn housekeeping_deletes_only_rows_that_are_older_than_24_hours() {
    run(async {
        let database = Database::migrated();
        let client = database.connect().await;
        client
            .batch_execute(
                "INSERT INTO idempotency_key (key, name, created_at)
                 SELECT 'old ' || n, 'x', now() - interval '25 hours'
                   FROM generate_series(1, 25000) n;
                 INSERT INTO idempotency_key (key, name, created_at)
                 VALUES ('young', 'x', now() - interval '23 hours');
                 INSERT INTO item_deletion (invocation_id, item_id, deleted_at)
                 SELECT gen_random_uuid(), n, now() - make_interval(hours => 22 + n)
                   FROM generate_series(1, 4) n",
            )
            .await
            .expect("the rows are inserted");
        let program = Start::on(&database).await;
        let response = program.post("/item_housekeeping", &json!({})).await;
        assert_eq!(response.status, 200);
        assert_eq!(
            response.json()["Logs"],
            json!([
                "deleted 25000 idempotency keys that were older than 24 hours",
                "deleted 3 records of deletions that were older than 24 hours"
            ])
        );
        let remaining = client.query_one("SELECT max(item_id), count(*) FROM item_deletion", &[]);
        let remaining = remaining.await.expect("a row");
        assert_eq!(
            (remaining.get::<_, i64>(0), remaining.get::<_, i64>(1)),
            (1, 1)
        );
        let remaining = client.query_one("SELECT string_agg(key, ' ') FROM idempotency_key", &[]);
        assert_eq!(remaining.await.expect("a row").get::<_, &str>(0), "young");
    });
}
