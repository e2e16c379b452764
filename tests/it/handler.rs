//! The handler as a process: how it starts, stops, and what it says about itself.

use reqwest::Method;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::harness::{Answer, Database, Program, Start, run, with_program};

#[test]
fn it_binds_where_the_host_says_and_answers_the_readiness_poll() {
    run(async {
        let database = Database::migrated();
        let port = free_port();
        let program = Start::handler()
            .set("FUNCTIONS_CUSTOMHANDLER_PORT", &port.to_string())
            .set("DATABASE_URL", &database.url)
            .serving()
            .await;
        assert_eq!(program.address(), format!("127.0.0.1:{port}"));
        assert_eq!(program.get("/").await.status, 200);
        let live = program.get("/health/live").await;
        assert_eq!(
            (live.status.as_u16(), &live.json()["status"]),
            (200, &json!("ok"))
        );
    });
}

fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port is free");
    listener.local_addr().expect("it is bound").port()
}

#[test]
fn a_port_in_use_ends_it_with_one_line_that_says_what_to_do() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let port = taken.local_addr().expect("it is bound").port().to_string();
    let output = Start::handler()
        .set("FUNCTIONS_CUSTOMHANDLER_PORT", &port)
        .set("DATABASE_URL", "host=/nowhere user=nobody")
        .output();
    assert_eq!(output.status.code(), Some(1));
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(stderr.lines().count(), 1, "{stderr}");
    assert!(
        stderr.contains(&port) && stderr.contains("--port"),
        "{stderr}"
    );
}

#[test]
fn settings_that_cannot_be_used_end_it_with_code_2_and_never_show_a_password() {
    for (name, value, says) in [
        ("DATABASE_URL", "", "DATABASE_URL"),
        (
            "DATABASE_URL",
            "postgres://u:hunter2@h:x/db",
            "DATABASE_URL",
        ),
        (
            "DATABASE_URL",
            "postgres://u:hunter2@h/db?sslmode=off",
            "sslmode=off",
        ),
        ("DATABASE_POOL_SIZE", "0", "DATABASE_POOL_SIZE=0"),
        ("FUNCTIONS_CUSTOMHANDLER_PORT", "99999", "99999"),
    ] {
        let output = Start::handler()
            .set("DATABASE_URL", "postgres://u@localhost/db")
            .set(name, value)
            .output();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{name}={value}: {stderr}");
        assert!(stderr.contains(says), "{name}={value}: {stderr}");
        assert!(!stderr.contains("hunter2"), "{stderr}");
    }
}

#[test]
fn help_of_every_verb_reads_well_and_names_the_exit_codes() {
    for verb in ["", "serve", "migrate", "doctor"] {
        let mut start = Start::handler();
        if !verb.is_empty() {
            start = start.argument(verb);
        }
        let output = start.argument("--help").output();
        assert_eq!(output.status.code(), Some(0));
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(text.contains("Usage: magnusapi"), "{text}");
        assert!(text.contains("Exit codes:"), "{text}");
        assert!(text.lines().all(|line| line.len() <= 100), "{text}");
    }
}

#[test]
fn sigterm_and_sigint_let_requests_end_and_exit_with_0() {
    for signal in ["TERM", "INT"] {
        with_program(async |mut program: Program| {
            // A creation whose body is still coming when the signal arrives.
            let mut socket = tokio::net::TcpStream::connect(program.address())
                .await
                .expect("it listens");
            let head = "POST /item HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n\
                        Content-Length: 15\r\n\r\n{\"name\"";
            socket.write_all(head.as_bytes()).await.expect("it is sent");
            program.get("/health/live").await;
            program.signal(signal);
            program_refuses_connections(&program).await;
            socket.write_all(b":\"late\"}").await.expect("it is sent");
            let mut answer = String::new();
            socket
                .read_to_string(&mut answer)
                .await
                .expect("an answer comes");
            assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
            assert_eq!(program.ended().await.code(), Some(0));
        });
    }
}

async fn program_refuses_connections(program: &Program) {
    crate::harness::eventually("the end of listening", || async {
        let connected = tokio::net::TcpStream::connect(program.address()).await;
        connected.is_err().then_some(())
    })
    .await;
}

#[test]
fn a_request_that_never_ends_does_not_hold_the_stop_up_for_long() {
    with_program(async |mut program: Program| {
        let mut socket = tokio::net::TcpStream::connect(program.address())
            .await
            .expect("it listens");
        let head = "POST /item HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n\
                    Content-Length: 15\r\n\r\n{";
        socket.write_all(head.as_bytes()).await.expect("it is sent");
        program.get("/health/live").await;
        program.signal("TERM");
        assert_eq!(program.ended().await.code(), Some(0));
    });
}

#[test]
fn a_second_signal_ends_it_at_once() {
    run(async {
        let mut program = Start::standalone(&Database::migrated()).await;
        let mut socket = tokio::net::TcpStream::connect(program.address())
            .await
            .expect("it listens");
        let head = "POST /item HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
                    Content-Length: 15\r\n\r\n{";
        socket.write_all(head.as_bytes()).await.expect("it is sent");
        program.get("/health/live").await;
        program.signal("INT");
        program_refuses_connections(&program).await;
        program.signal("INT");
        program
            .line(|line| line.contains("stopped at once, by a second signal"))
            .await;
        program.ended().await;
    });
}

#[test]
fn standalone_it_serves_no_foreign_page() {
    run(async {
        let program = Start::standalone(&Database::migrated()).await;
        let port = program.address().rsplit(':').next().expect("a port");
        for (name, value, kind) in [
            ("sec-fetch-site", "cross-site".to_owned(), "cross-site"),
            ("host", format!("rebound.example:{port}"), "foreign-host"),
        ] {
            for (method, path) in [(Method::POST, "/item_housekeeping"), (Method::GET, "/item")] {
                let request = program.request(method, path).header(name, &value);
                Answer::to(request).await.problem(403, kind);
            }
        }
        for (name, value) in [
            ("sec-fetch-site", "same-origin".to_owned()),
            ("host", format!("localhost:{port}")),
            ("host", format!("[::1]:{port}")),
        ] {
            let request = program.request(Method::GET, "/item?limit=1");
            let answer = Answer::to(request.header(name, &value)).await;
            assert_eq!(answer.status, 200, "{name}: {value}");
        }
    });
}

#[test]
fn behind_a_host_any_name_and_any_page_is_the_hosts_to_judge() {
    with_program(async |program: Program| {
        let request = program.request(Method::GET, "/item?limit=1");
        let request = request.header("sec-fetch-site", "cross-site");
        let answer = Answer::to(request.header("host", "shop.example")).await;
        assert_eq!(answer.status, 200);
    });
}

#[test]
fn sigkill_loses_nothing_that_was_acknowledged() {
    run(async {
        let database = Database::migrated();
        let program = Start::on(&database).await;
        let requests = (0..300).map(|number| {
            let body = json!({ "name": format!("item {number}") });
            let request = program.with_json(Method::POST, "/item", &body);
            let program = &program;
            async move {
                let answer = Answer::try_to(request).await;
                if number == 150 {
                    program.signal("KILL");
                }
                answer
                    .ok()
                    .filter(|it| it.status == 201)
                    .map(|it| it.json())
            }
        });
        let acknowledged: Vec<_> = futures_util::future::join_all(requests)
            .await
            .into_iter()
            .flatten()
            .collect();
        assert!(!acknowledged.is_empty());
        let program = Start::on(&database).await;
        for item in acknowledged {
            let stored = program.get(&format!("/item/{}", item["data"]["id"])).await;
            assert_eq!(stored.json(), item);
        }
    });
}
