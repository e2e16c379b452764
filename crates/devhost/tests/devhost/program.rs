//! The program `devhost`: what it prints, and how it ends.

use std::{
    io::Read as _,
    net::{Ipv4Addr, SocketAddr, TcpListener},
    path::Path,
};

use serde_json::{Value, json};

use crate::stage::{Program, Stage, exchange, within};

/// An app with every kind of line in its list.
fn stage() -> Stage {
    let item = json!({"bindings": [
        {"type": "httpTrigger", "name": "req", "route": "item/{id?}", "methods": ["get", "post"]},
        {"type": "http", "direction": "out", "name": "res"},
    ]});
    Stage::new(
        &json!({"extensions": {"http": {"routePrefix": "api"}}}),
        &json!({"start": {"print": {"text": "listening\n"}}}),
    )
    .function("Item", &item)
    .http("Other")
    .timer("Odd", "0 15 3 1 1 *", &json!({"name": "my-timer"}))
    .timer("Timer", "0 15 3 1 1 *", &json!({}))
}

#[test]
fn program_lists_functions_and_exits_with_0_after_a_signal() {
    for signal in ["-INT", "-TERM", "-HUP"] {
        let stage = stage();
        let arguments = ["--functions", "item", "timer", "--port", "0"];
        let mut program = Program::start(&stage, &arguments);
        let mut lines = program.lines();
        let mut seen: Vec<String> = Vec::new();
        while !is_up(&seen) {
            seen.push(
                lines
                    .next()
                    .unwrap_or_else(|| panic!("it ended: {seen:#?}")),
            );
        }
        let table = seen.join("\n");
        for part in [
            "\tItem: [GET,POST] http://localhost:",
            "/api/item/{id?}",
            "\tTimer: timerTrigger",
            "\tTimer: 0 15 3 1 1 * is ",
            " 01 Jan 03:15:00",
            "\tOdd: in error",
        ] {
            assert!(table.contains(part), "{part}: {table}");
        }
        assert!(!table.contains("Other"), "{table}");

        program.signal(signal);
        let status = program.0.wait().expect("it ends");
        assert_eq!(status.code(), Some(0), "{signal}");
        let rest: Vec<String> = lines.collect();
        assert!(rest.is_empty(), "{rest:#?}");
        let handler = format!("/proc/{}", stage.events()[0]["pid"]);
        assert!(!Path::new(&handler).exists(), "the handler still runs");
    }
}

/// Whether the log and the whole table, which ends with an empty line, have been printed. Either
/// may come first.
fn is_up(seen: &[String]) -> bool {
    let table = seen
        .windows(2)
        .any(|pair| pair[0].starts_with("Handler: ") && pair[1].is_empty());
    table && seen.iter().any(|line| line.contains("listening"))
}

#[test]
fn program_exits_with_1_and_one_line_after_repeated_crashes() {
    let stage = Stage::new(&Value::Null, &json!({"start": {"exit": 9}})).http("item");
    let mut program = Program::start(&stage, &["--functions", "item", "timer", "--port", "0"]);
    assert_eq!(program.0.wait().expect("it ends").code(), Some(1));
    let mut said = String::new();
    let mut stderr = program.0.stderr.take().expect("a pipe");
    stderr
        .read_to_string(&mut said)
        .expect("its stderr is read");
    assert_eq!(said.lines().count(), 1, "{said}");
    assert!(
        said.starts_with("devhost: the handler exited with 9; "),
        "{said}"
    );
}

#[tokio::test]
async fn host_section_of_local_settings_sets_the_port_and_the_origins() -> Result<(), String> {
    let stage = Stage::new(&Value::Null, &Value::Null).http("item");
    let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|it| it.local_addr());
    let address: SocketAddr = free.expect("a port is free");
    let host = json!({"LocalHttpPort": address.port(), "CORS": "http://a.example"});
    let settings = json!({"IsEncrypted": false, "Values": {}, "Host": host});
    stage.write("app/local.settings.json", &settings.to_string());
    let _program = Program::start(&stage, &[]);
    let responds = async {
        loop {
            let rest = "Origin: http://a.example\r\n\r\n";
            if let Ok(reply) = exchange(address, "GET /item", rest).await {
                return reply;
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    };
    let reply = within("a response at the port of the file", responds).await?;
    assert_eq!(reply.status, 200);
    let allowed = reply.header("access-control-allow-origin");
    assert_eq!(allowed, ["http://a.example"]);
    Ok(())
}
