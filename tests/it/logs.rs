//! Log lines: JSON with the invocation's ids, warnings and errors on stderr, no secrets.

mod invocations;

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{
    Database, Program, Response, Start, client, eventually, run, waiting_for_a_lock, with_program,
};

const INVOCATION: &str = "6d0f3f4e-0f62-4e2e-a2a0-0b8f1c0f7a11";
const TRACEPARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

#[test]
fn each_line_is_json_with_the_ids_of_its_invocation() {
    run(async {
        let database = Database::migrated();
        let program = Start::handler()
            .set("DATABASE_URL", &database.url)
            .set("LOG_REQUESTS", "all")
            .serving()
            .await;
        let request = program
            .with_json(Method::POST, "/item", &json!({"name": "x"}))
            .header("X-Azure-Functions-InvocationId", INVOCATION)
            .header("traceparent", TRACEPARENT);
        let response = Response::to(request).await;
        assert_eq!(response.header("x-request-id"), INVOCATION);
        let line = program.line(|line| line.contains(INVOCATION)).await;
        let line: Value = serde_json::from_str(&line).expect("it is JSON");
        assert_eq!(line["level"], "info");
        assert_eq!(line["function"], "item");
        assert_eq!(line["invocation_id"], INVOCATION);
        assert_eq!(line["traceparent"], TRACEPARENT);
        assert_eq!(line["method"], "POST");
        assert_eq!(line["path"], "/item");
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
fn a_rejected_request_has_its_problem_and_the_template_of_its_path() {
    run(async {
        let database = Database::migrated();
        let program = Start::handler()
            .set("DATABASE_URL", &database.url)
            .set("LOG_REQUESTS", "all")
            .serving()
            .await;
        let request = program
            .request(Method::GET, "/item/4711?code=secret")
            .header("X-Azure-Functions-InvocationId", INVOCATION);
        Response::to(request).await.problem(404, "no-such-item");
        let line = program.line(|line| line.contains(INVOCATION)).await;
        let read: Value = serde_json::from_str(&line).expect("it is JSON");
        assert_eq!(read["problem"], "no-such-item", "{line}");
        assert_eq!(read["path"], "/item/{id}", "{line}");
        assert!(!line.contains("4711") && !line.contains("secret"), "{line}");
    });
}

#[test]
fn successful_requests_are_counted_and_have_no_line_of_their_own() {
    with_program(async |mut program: Program| {
        let id = program.make("counted").await;
        for _ in 0..3 {
            program.get(&format!("/item/{id}")).await;
        }
        program.get("/item/999999").await;
        program.get("/health/live").await;
        program.signal("TERM");
        program.ended().await;
        let line = program.line(|line| line.contains("\"requests\"")).await;
        let line: Value = serde_json::from_str(&line).expect("it is JSON");
        assert_eq!(line["requests"]["item"], json!({"2xx": 4, "4xx": 1}));
        assert_eq!(line["requests"]["health_live"], json!({"2xx": 1}));
        let of_requests = |line: &String| line.contains("duration_ms");
        assert!(!program.stdout().iter().any(of_requests));
    });
}

#[test]
fn a_slow_request_has_a_line_of_its_own_and_the_fast_ones_are_counted() {
    run(async {
        let database = Database::migrated();
        let mut program = Start::on(&database).await;
        let id = program.make("fast").await;
        let lock = database.connect().await;
        let begin = "BEGIN; SELECT FROM item FOR UPDATE";
        lock.batch_execute(begin).await.expect("a lock");
        let rename = program
            .with_json(
                Method::PATCH,
                &format!("/item/{id}"),
                &json!({"name": "slow"}),
            )
            .header("X-Azure-Functions-InvocationId", INVOCATION);
        let rename = tokio::spawn(Response::to(rename));
        waiting_for_a_lock(&database, 1).await;
        // The test needs a request that takes more than a second.
        tokio::time::sleep(Duration::from_millis(1050)).await;
        lock.batch_execute("ROLLBACK")
            .await
            .expect("it is released");
        assert_eq!(rename.await.expect("no panic").status, 200);
        program.signal("TERM");
        program.ended().await;
        let counted = program.line(|line| line.contains("\"requests\"")).await;
        let counted: Value = serde_json::from_str(&counted).expect("it is JSON");
        assert_eq!(counted["requests"]["item"], json!({"2xx": 1}));
        let stdout = program.stdout();
        let mut timed = stdout.iter().filter(|line| line.contains("duration_ms"));
        let slow: Value = serde_json::from_str(timed.next().expect("a line")).expect("JSON");
        assert_eq!(slow["invocation_id"], INVOCATION, "{slow}");
        assert_eq!(slow["message"], "PATCH item returned 200", "{slow}");
        assert!(slow["duration_ms"].as_f64() > Some(1000.0), "{slow}");
        assert_eq!(timed.next(), None);
    });
}

#[test]
fn an_id_that_is_not_a_uuid_is_replaced_and_never_logged() {
    with_program(async |program: Program| {
        let request = program
            .request(Method::GET, "/item/1")
            .header("X-Azure-Functions-InvocationId", "forged\u{22}line");
        let response = Response::to(request).await;
        assert_eq!(response.header("x-request-id").len(), 36);
        assert!(program.stdout().iter().all(|line| !line.contains("forged")));
    });
}

/// The program with a database that does not exist. Errors name it, and must not contain the text `warn`.
fn without_database() -> Start {
    Start::handler()
        .set(
            "DATABASE_URL",
            "postgres://ada:hunter2@127.0.0.1:1/warnings",
        )
        .set("DATABASE_WAIT", "1")
}

#[test]
fn errors_and_warnings_are_written_once_to_stderr_and_the_rest_to_stdout() {
    run(async {
        let program = without_database().set("LOG", "trace").serving().await;
        let request = program
            .request(Method::GET, "/item/1")
            .header("X-Azure-Functions-InvocationId", INVOCATION);
        Response::to(request)
            .await
            .problem(503, "database-unavailable");
        let error = program
            .error_line(|line| line.contains(INVOCATION) && line.contains("\"error\""))
            .await;
        assert!(error.contains("the database is not available"), "{error}");
        assert!(!error.to_lowercase().contains("warn"), "{error}");
        let read: Value = serde_json::from_str(&error).expect("it is JSON");
        let message = read["message"].as_str().expect("a message");
        assert!(message.contains("127.0.0.1:1/warnings"), "{message}");
        let warning = program
            .error_line(|line| line.contains(INVOCATION) && line.contains("\"status\":503"))
            .await;
        assert!(warning.contains("\"level\":\"warn\""), "{warning}");
        for line in program.stderr() {
            let line: Value = serde_json::from_str(&line).expect("it is JSON");
            assert!(["warn", "error"].contains(&line["level"].as_str().unwrap_or_default()));
        }
        for line in program.stdout() {
            assert!(!line.contains("\"level\":\"error\""), "{line}");
            assert!(!line.contains("\"level\":\"warn\""), "{line}");
        }
        for line in program.stdout().iter().chain(&program.stderr()) {
            assert!(!line.contains("hunter2"), "{line}");
        }
    });
}

#[test]
fn a_repeated_failure_is_written_once_and_then_counted() {
    run(async {
        let program = without_database().serving().await;
        let requests = (0..200).map(|_| program.get("/item/1"));
        for response in futures_util::future::join_all(requests).await {
            response.problem(503, "database-unavailable");
        }
        let is_error = |line: &str| line.contains("\"error\"") && line.contains("not available");
        let counted = program
            .error_line(|line| is_error(line) && line.contains("\"repeated\":"))
            .await;
        let counted: Value = serde_json::from_str(&counted).expect("it is JSON");
        assert!(counted["repeated"].as_u64() > Some(50), "{counted}");
        let lines = program.stderr().iter().filter(|it| is_error(it)).count();
        assert!(lines < 20, "{:?}", program.stderr());
    });
}

#[test]
fn unread_logs_do_not_block_requests_and_dropped_records_are_counted() {
    run(async {
        let port = crate::harness::free_port();
        let database = Database::migrated();
        let mut process = Start::handler()
            .set("FUNCTIONS_CUSTOMHANDLER_PORT", &port.to_string())
            .set("DATABASE_URL", &database.url)
            .set("LOG", "trace")
            .set("LOG_REQUESTS", "all")
            .unread();
        let client = client();
        let probe = || client.get(format!("http://127.0.0.1:{port}/health/live"));
        eventually("the program", || async { probe().send().await.ok() }).await;
        // A pipe holds 64 KiB and the queue a megabyte, and each request logs some 450 bytes.
        for _ in 0..40 {
            let probes = (0..100).map(|_| Response::to(probe()));
            for response in futures_util::future::join_all(probes).await {
                assert_eq!(response.status, 200);
            }
        }
        let item = client.get(format!("http://127.0.0.1:{port}/item/1"));
        Response::to(item).await.problem(404, "no-such-item");
        let reading = tokio::task::spawn_blocking(move || {
            let dropped =
                |line: &String| line.contains("were dropped, because nothing reads stdout");
            let line = process.stderr().find(dropped);
            (line, process)
        });
        let reading = tokio::time::timeout(crate::harness::TIMEOUT, reading).await;
        let (line, _process) = reading.expect("a report arrives").expect("no panic");
        let line: Value = serde_json::from_str(&line.expect("a report")).expect("it is JSON");
        assert!(line["dropped"].as_u64() > Some(0), "{line}");
    });
}

#[test]
fn text_lines_begin_with_time_and_level() {
    run(async {
        let program = Start::handler()
            .set("DATABASE_URL", "host=/nowhere user=absent")
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

#[test]
fn each_level_of_host_json_has_its_reason_in_the_docs() {
    let host: Value = serde_json::from_str(include_str!("../../host.json")).expect("it is JSON");
    let docs = include_str!("../../docs/operations.md");
    let levels = host["logging"]["logLevel"].as_object().expect("levels");
    let timers = magnusapi::app::timer_functions().map(|timer| format!("Function.{timer}"));
    let timers: Vec<String> = timers.collect();
    for (category, level) in levels {
        let category = if timers.contains(category) {
            "Function.<timer>"
        } else {
            category
        };
        let row = format!("- `{category}`, {}:", level.as_str().expect("a level"));
        assert!(docs.contains(&row), "{row}");
    }
    for timer in timers {
        assert_eq!(levels[&timer], "Information", "{timer}");
    }
}
