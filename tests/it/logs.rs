//! Log lines: JSON on stdout with the invocation's ids, errors on stderr, no secrets anywhere.

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{Answer, Program, Start, run, with_program};

const INVOCATION: &str = "6d0f3f4e-0f62-4e2e-a2a0-0b8f1c0f7a11";
const TRACEPARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

#[test]
fn each_line_is_json_and_carries_the_ids_of_its_invocation() {
    with_program(async |program: Program| {
        let request = program
            .with_json(Method::POST, "/item", &json!({"name": "x"}))
            .header("X-Azure-Functions-InvocationId", INVOCATION)
            .header("traceparent", TRACEPARENT);
        let answer = Answer::to(request).await;
        assert_eq!(answer.header("x-request-id"), INVOCATION);
        let line = program.line(|line| line.contains(INVOCATION)).await;
        let line: Value = serde_json::from_str(&line).expect("it is JSON");
        assert_eq!(line["level"], "info");
        assert_eq!(line["function"], "item");
        assert_eq!(line["invocation_id"], INVOCATION);
        assert_eq!(line["traceparent"], TRACEPARENT);
        assert_eq!(line["status"], 201);
        assert!(line["duration_ms"].as_f64().is_some());
        assert!(
            line["time"]
                .as_str()
                .is_some_and(|time| time.ends_with('Z'))
        );
        for line in program.stdout() {
            serde_json::from_str::<Value>(&line).expect("every line is JSON");
        }
        assert!(program.stderr().is_empty(), "{:?}", program.stderr());
    });
}

#[test]
fn an_id_that_is_no_uuid_is_replaced_and_never_written() {
    with_program(async |program: Program| {
        let request = program
            .request(Method::GET, "/item/1")
            .header("X-Azure-Functions-InvocationId", "forged\u{22}line");
        let answer = Answer::to(request).await;
        assert_eq!(answer.header("x-request-id").len(), 36);
        assert!(program.stdout().iter().all(|line| !line.contains("forged")));
    });
}

#[test]
fn errors_are_readable_on_stderr_and_no_password_is_written_anywhere() {
    run(async {
        let url = "postgres://ada:hunter2@127.0.0.1:1/items";
        let program = Start::handler()
            .set("DATABASE_URL", url)
            .set("DATABASE_WAIT", "1")
            .set("LOG", "trace")
            .serving()
            .await;
        program
            .get("/item/1")
            .await
            .problem(503, "database-unavailable");
        program
            .line(|line| line.contains("the database is not available"))
            .await;
        program
            .error_line(|line| line.starts_with("magnusapi: "))
            .await;
        for line in program.stdout().iter().chain(&program.stderr()) {
            assert!(!line.contains("hunter2"), "{line}");
        }
    });
}

#[test]
fn text_is_for_people() {
    run(async {
        let program = Start::handler()
            .set("DATABASE_URL", "host=/nowhere user=nobody")
            .set("LOG_FORMAT", "text")
            .serving()
            .await;
        let line = program.line(|line| line.contains("serving on")).await;
        assert!(
            line.contains(" INFO  serving on http://127.0.0.1:"),
            "{line}"
        );
    });
}
