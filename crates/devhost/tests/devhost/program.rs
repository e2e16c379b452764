//! The program `devhost`: what it prints, and how it ends.

use std::{
    io::{BufRead as _, BufReader, Read as _},
    os::unix::process::CommandExt as _,
    process::{Child, Command, Stdio},
};

use serde_json::json;

use crate::stage::AppFolder;

/// The program, killed if a test gives up on it.
struct Program(Child);

impl Drop for Program {
    fn drop(&mut self) {
        // An error means that the program has ended.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn start(app: &AppFolder, lives: &str) -> Program {
    let child = Command::new(env!("CARGO_BIN_EXE_devhost"))
        .args(["--functions", "item", "timerok", "--port", "0", "--app"])
        .arg(app.path(""))
        .env("STARTS", app.path("starts"))
        .env("LIVES", lives)
        .process_group(0)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    Program(child.expect("the program starts"))
}

#[test]
fn program_lists_functions_and_exits_with_0_after_a_signal() {
    for signal in ["-INT", "-TERM", "-HUP"] {
        let app = AppFolder::new()
            .http(
                "Item",
                json!({"route": "item/{id?}", "methods": ["get", "post"]}),
            )
            .http("Other", json!({}))
            .http("Odd", json!({"name": "my-request"}))
            .timer("TimerOk", json!({"schedule": "0 15 3 1 1 *"}));
        let mut program = start(&app, "ok");
        let stdout = program.0.stdout.take().expect("a pipe");
        let mut lines = BufReader::new(stdout).lines().map_while(Result::ok);
        let mut seen: Vec<String> = Vec::new();
        while !is_up(&seen) {
            seen.push(
                lines
                    .next()
                    .unwrap_or_else(|| panic!("it ended: {seen:#?}")),
            );
        }
        let table = seen.join("\n");
        assert!(
            table.contains("\tItem: [GET,POST] http://localhost:"),
            "{table}"
        );
        assert!(table.contains("/api/item/{id?}"), "{table}");
        assert!(table.contains("\tTimerOk: timerTrigger"), "{table}");
        assert!(table.contains("\tTimerOk: 0 15 3 1 1 * is "), "{table}");
        assert!(table.contains(" 01 Jan 03:15:00"), "{table}");
        assert!(table.contains("\tOdd: in error"), "{table}");
        assert!(!table.contains("Other"), "{table}");

        // To the whole group, as a terminal sends it.
        let group = format!("-{}", program.0.id());
        let killed = Command::new("kill")
            .args([signal, "--", &group])
            .status()
            .expect("kill runs");
        assert!(killed.success());
        assert_eq!(
            program.0.wait().expect("it ends").code(),
            Some(0),
            "{signal}"
        );
        let rest: Vec<String> = lines.collect();
        assert!(rest.is_empty(), "{rest:#?}");
        let starts = std::fs::read_to_string(app.path("starts")).expect("a list of starts");
        let handler = format!("/proc/{}", starts.trim());
        assert!(
            !std::path::Path::new(&handler).exists(),
            "the handler still runs"
        );
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
    let app = AppFolder::new().http("Item", json!({}));
    let mut program = start(&app, "9");
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
