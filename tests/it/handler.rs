//! The handler as a process: start, stop, exit codes, help.

use reqwest::Method;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::harness::{
    AppFolder, Database, Program, Response, Start, client, end_of_listening, eventually, free_port,
    run, with_program,
};

#[test]
fn it_binds_the_port_of_the_host_and_responds_to_the_readiness_poll() {
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

#[test]
fn a_port_in_use_ends_it_with_one_line_and_the_remedy() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let port = taken.local_addr().expect("it is bound").port().to_string();
    let output = Start::handler()
        .set("FUNCTIONS_CUSTOMHANDLER_PORT", &port)
        .set("DATABASE_URL", "host=/nowhere user=absent")
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
fn invalid_settings_end_it_with_code_2_and_never_show_a_password() {
    for (name, value, text) in [
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
        ("DATABASE_WAIT", "-1", "DATABASE_WAIT=-1"),
        ("DATABASE_AUTH", "kerberos", "set it to password or entra"),
        ("DATABASE_PREPARED_STATEMENTS", "maybe", "on or off"),
        ("HTTP_HEADER_TIMEOUT", "0", "HTTP_HEADER_TIMEOUT=0"),
        ("HTTP_BODY_TIMEOUT", "soon", "HTTP_BODY_TIMEOUT=soon"),
        ("HTTP_IDLE_TIMEOUT", "3601", "HTTP_IDLE_TIMEOUT=3601"),
        ("HTTP_CONNECTIONS", "-1", "HTTP_CONNECTIONS=-1"),
        ("FUNCTIONS_CUSTOMHANDLER_PORT", "99999", "99999"),
        ("RUNTIME_THREADS", "0", "RUNTIME_THREADS=0"),
        ("LOG_FORMAT", "xml", "LOG_FORMAT=xml"),
        ("LOG", "magnusapi=loud", "LOG=magnusapi=loud"),
        ("LOG_REQUESTS", "some", "LOG_REQUESTS=some"),
    ] {
        let output = Start::handler()
            .set("DATABASE_URL", "postgres://u@localhost/db")
            .set(name, value)
            .output();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{name}={value}: {stderr}");
        assert!(stderr.contains(text), "{name}={value}: {stderr}");
        assert!(!stderr.contains("hunter2"), "{stderr}");
    }
}

#[test]
fn the_help_of_every_verb_has_short_lines_and_the_exit_codes() {
    for verb in [
        "",
        "serve",
        "migrate",
        "doctor",
        "backup",
        "backup create",
        "backup restore",
        "scale",
        "scale hold",
        "scale history",
    ] {
        let start = verb
            .split_whitespace()
            .fold(Start::handler(), Start::argument);
        let output = start.argument("--help").output();
        assert_eq!(output.status.code(), Some(0));
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(text.contains("Usage: magnusapi"), "{text}");
        assert!(text.contains("Exit codes:"), "{text}");
        let mut prose = text.lines().filter(|line| !line.starts_with("Usage:"));
        assert!(prose.all(|line| line.len() <= 100), "{text}");
    }
}

#[test]
fn the_settings_document_every_exit_code() {
    let output = Start::operator().argument("--help").output();
    let help = String::from_utf8(output.stdout).expect("UTF-8");
    let (_, codes) = help.split_once("Exit codes:").expect("the exit codes");
    let documented = include_str!("../../docs/settings.md");
    let rows = codes.lines().filter_map(|line| {
        let (code, result) = line.trim().split_once(' ')?;
        let name = result.trim().split([':', ',']).next()?;
        // The name of 200 ends before its explanation.
        let name = name.split(" under ").next()?;
        Some(format!("| {code} | {name} |"))
    });
    let rows: Vec<String> = rows.collect();
    assert_eq!(rows.len(), 8, "{help}");
    for row in rows {
        assert!(documented.contains(&row), "{row}");
    }
}

#[test]
fn verbs_without_a_required_setting_exit_with_2_and_name_it() {
    for (verb, setting) in [
        ("serve --port 0", "DATABASE_URL"),
        ("migrate", "DATABASE_URL"),
        ("backup create", "BACKUP_DATABASES"),
        ("scale lint", "SCALE_CONFIG"),
        ("scale history", "DATABASE_URL"),
        ("scale run", "DATABASE_URL"),
    ] {
        let start = verb
            .split_whitespace()
            .fold(Start::operator(), Start::argument);
        let output = start.output();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{verb}: {stderr}");
        assert!(stderr.contains(setting), "{verb}: {stderr}");
    }
}

#[test]
fn a_closed_stdout_does_not_stop_a_verb_or_change_its_exit_code() {
    let (database, app) = (Database::migrated(), AppFolder::new());
    let doctor = format!("doctor {}", app.path().display());
    for verb in ["--help", "migrate", "backup list", "scale lint", &doctor] {
        let start = || {
            let start = Start::operator()
                .set("DATABASE_URL", &database.url)
                .set("BACKUP_URL", "file:///nowhere")
                .set("MAGNUSAPI_DATA", "/nowhere");
            verb.split_whitespace().fold(start, Start::argument)
        };
        let open = start().output();
        let closed = start().output_to_a_closed_pipe();
        let stderr = String::from_utf8_lossy(&closed.stderr);
        assert_eq!(closed.status.code(), open.status.code(), "{verb}: {stderr}");
        assert!(!stderr.contains("panic"), "{verb}: {stderr}");
        assert_eq!(closed.stderr, open.stderr, "{verb}: {stderr}");
    }
}

#[test]
fn a_closed_stdout_does_not_stop_the_server() {
    run(async {
        let (database, port) = (Database::migrated(), free_port());
        let _process = Start::operator()
            .set("DATABASE_URL", &database.url)
            .argument("--port")
            .argument(&port.to_string())
            .running_into_a_closed_pipe();
        let url = format!("http://127.0.0.1:{port}/item/1");
        eventually("a response", || async {
            let response = Response::try_to(client().get(&url)).await.ok()?;
            (response.status == 404).then_some(())
        })
        .await;
    });
}

#[test]
fn sigterm_and_sigint_wait_for_requests_and_exit_with_200_under_a_host() {
    for signal in ["TERM", "INT"] {
        with_program(async |mut program: Program| {
            // A creation whose body is incomplete when the signal arrives.
            let mut socket = tokio::net::TcpStream::connect(program.address())
                .await
                .expect("it listens");
            let head = "POST /item HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n\
                        Content-Length: 15\r\n\r\n{\"name\"";
            socket.write_all(head.as_bytes()).await.expect("it is sent");
            program.get("/health/live").await;
            program.signal(signal);
            end_of_listening(program.address()).await;
            socket.write_all(b":\"late\"}").await.expect("it is sent");
            let mut response = String::new();
            socket
                .read_to_string(&mut response)
                .await
                .expect("a response arrives");
            assert!(response.starts_with("HTTP/1.1 201"), "{response}");
            assert_eq!(program.ended().await.code(), Some(200));
        });
    }
}

#[test]
fn the_handler_stops_gracefully_when_the_host_is_killed() {
    run(async {
        let database = Database::migrated();
        let start = Start::handler().set("DATABASE_URL", &database.url);
        let mut program = start.below_a_shell().serving().await;
        program.make("kept").await;
        program.signal("KILL");
        program.ended().await;
        program
            .line(|line| line.contains("the Functions host has ended"))
            .await;
        end_of_listening(program.address()).await;
        program.line(|line| line.contains("\"stopped\"")).await;
        let client = database.connect().await;
        let count = "SELECT count(*) FROM pg_stat_activity
                      WHERE application_name = 'magnusapi' AND datname = current_database()";
        eventually("the end of its connections", || async {
            let row = client.query_one(count, &[]).await.expect("the activity");
            (row.get::<_, i64>(0) == 0).then_some(())
        })
        .await;
    });
}

#[test]
fn the_handler_survives_the_thread_that_started_it() {
    let database = Database::migrated();
    let start = Start::handler().set("DATABASE_URL", &database.url);
    let starting = std::thread::spawn(move || {
        let mut program = None;
        run(async { program = Some(start.serving().await) });
        program.expect("it serves")
    });
    let program = starting.join().expect("no panic");
    run(async {
        for number in 0..20 {
            program.make(&number.to_string()).await;
        }
    });
}

#[test]
fn an_endless_request_does_not_prevent_the_stop() {
    with_program(async |mut program: Program| {
        let mut socket = tokio::net::TcpStream::connect(program.address())
            .await
            .expect("it listens");
        let head = "POST /item HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n\
                    Content-Length: 15\r\n\r\n{";
        socket.write_all(head.as_bytes()).await.expect("it is sent");
        program.get("/health/live").await;
        program.signal("TERM");
        assert_eq!(program.ended().await.code(), Some(200));
    });
}

#[test]
fn a_second_signal_stops_it_at_once() {
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
        end_of_listening(program.address()).await;
        program.signal("INT");
        program
            .line(|line| line.contains("stopped at once, by a second signal"))
            .await;
        program.ended().await;
    });
}

#[test]
fn without_a_host_foreign_pages_are_rejected() {
    run(async {
        let program = Start::standalone(&Database::migrated()).await;
        let port = program.address().rsplit(':').next().expect("a port");
        for (name, value, kind) in [
            ("sec-fetch-site", "cross-site".to_owned(), "cross-site"),
            ("host", format!("rebound.example:{port}"), "foreign-host"),
        ] {
            for (method, path) in [(Method::POST, "/item_housekeeping"), (Method::GET, "/item")] {
                let request = program.request(method, path).header(name, &value);
                Response::to(request).await.problem(403, kind);
            }
        }
        for (name, value) in [
            ("sec-fetch-site", "same-origin".to_owned()),
            ("host", format!("localhost:{port}")),
            ("host", format!("[::1]:{port}")),
        ] {
            let request = program.request(Method::GET, "/item?limit=1");
            let response = Response::to(request.header(name, &value)).await;
            assert_eq!(response.status, 200, "{name}: {value}");
        }
    });
}

#[test]
fn under_a_host_every_name_and_page_is_accepted() {
    with_program(async |program: Program| {
        let request = program.request(Method::GET, "/item?limit=1");
        let request = request.header("sec-fetch-site", "cross-site");
        let response = Response::to(request.header("host", "shop.example")).await;
        assert_eq!(response.status, 200);
    });
}

#[test]
fn sigkill_loses_no_acknowledged_item() {
    run(async {
        let database = Database::migrated();
        let program = Start::on(&database).await;
        let requests = (0..300).map(|number| {
            let body = json!({ "name": format!("item {number}") });
            let request = program.with_json(Method::POST, "/item", &body);
            let program = &program;
            async move {
                let response = Response::try_to(request).await;
                if number == 150 {
                    program.signal("KILL");
                }
                response
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
