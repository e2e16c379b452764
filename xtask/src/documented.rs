//! Pipelines, runbooks and editors' tasks name verbs and flags that exist, and the runbook names every check of /health.

use std::fs;
use std::path::{Path, PathBuf};

use clap::error::ErrorKind;
use clap::{CommandFactory, Parser};
use serde_json::{Value, json};
use walkdir::WalkDir;

use super::Cli;

#[test]
fn verbs_in_pipelines_and_runbooks_exist() {
    let mut count = 0;
    for file in files() {
        let text = fs::read_to_string(&file).unwrap();
        for command in commands(&text) {
            count += 1;
            let error = parse(&command).err();
            assert!(
                error.is_none(),
                "{}: {command}\n{}",
                file.display(),
                error.unwrap()
            );
        }
    }
    assert!(count > 20, "only {count} commands were found");
}

#[test]
fn unknown_verbs_and_flags_are_found() {
    for (command, is_good) in [
        ("deploy test", true),
        ("infra plan test --no-lock", true),
        ("depoly test", false),
        ("infra plan test --lock", false),
        ("helmfile", false),
    ] {
        assert_eq!(parse(command).is_ok(), is_good, "{command}");
    }
}

/// An operator who is alerted by a check needs its row.
#[test]
fn every_check_of_health_has_a_row_in_the_runbook() {
    let runbook = fs::read_to_string(root().join("docs/operations.md")).unwrap();
    let mut count = 0;
    for file in WalkDir::new(root().join("src")) {
        let file = file.unwrap().into_path();
        if file.extension().is_none_or(|it| it != "rs") {
            continue;
        }
        let text = fs::read_to_string(&file).unwrap();
        for key in text
            .split('"')
            .skip(1)
            .step_by(2)
            .filter(|text| is_key(text))
        {
            count += 1;
            assert!(
                runbook.contains(&format!("| `{key}` |")),
                "{key} of {}",
                file.display()
            );
        }
    }
    assert!(count > 10, "only {count} keys were found");
}

#[test]
fn editors_run_the_two_commands_and_forward_their_port() {
    let read = |file: &str| -> Value {
        let text = fs::read_to_string(root().join(file)).unwrap();
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{file}: {error}"))
    };
    let tasks = read(".vscode/tasks.json")["tasks"].take();
    let commands: Vec<_> = tasks
        .as_array()
        .unwrap()
        .iter()
        .map(|it| &it["command"])
        .collect();
    assert_eq!(commands, ["cargo xtask start", "cargo xtask test"]);
    let cli = Cli::command();
    let start = cli.find_subcommand("start").unwrap();
    let mut arguments = start.get_arguments();
    let port = arguments.find(|it| it.get_id() == "port").unwrap();
    let port: u16 = port.get_default_values()[0]
        .to_str()
        .unwrap()
        .parse()
        .unwrap();
    let container = read(".devcontainer/devcontainer.json");
    assert_eq!(container["forwardPorts"], json!([port]));
    assert!(container["portsAttributes"][port.to_string()].is_object());
}

/// `component:measurement`.
fn is_key(text: &str) -> bool {
    let is_word = |word: &str| {
        let is_letter = |byte| matches!(byte, b'a'..=b'z' | b'-');
        word.len() > 1 && word.bytes().all(is_letter)
    };
    text.split_once(':')
        .is_some_and(|(component, measurement)| is_word(component) && is_word(measurement))
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

fn files() -> Vec<PathBuf> {
    let root = root();
    let mut files = vec![
        root.join("azure-pipelines.yml"),
        root.join("docs/operations.md"),
        root.join("infra/README.md"),
        root.join("infra/helmfile/README.md"),
    ];
    for folder in [".github/workflows", ".azure-pipelines"] {
        let entries = fs::read_dir(root.join(folder)).unwrap();
        files.extend(entries.map(|entry| entry.unwrap().path()));
    }
    files
}

/// The arguments after each `cargo xtask`, up to an operator of the shell or a mark of Markdown. A line
/// continues if the next one begins with an option.
fn commands(text: &str) -> Vec<String> {
    let words: Vec<&str> = text.lines().map(str::trim).collect();
    let text = words.join("\n").replace("\n--", " --");
    let ends = ['\n', '`', '>', '|', ';', '&', '#', ')'];
    text.split("cargo xtask ")
        .skip(1)
        .map(|rest| rest.split("<verb>").next().unwrap_or(rest))
        .map(|rest| rest.replace("<commit>", "0").replace('"', ""))
        .map(|rest| {
            rest.split(ends)
                .next()
                .unwrap_or_default()
                .trim()
                .to_owned()
        })
        .filter(|command| !command.is_empty())
        .collect()
}

fn parse(command: &str) -> Result<(), clap::Error> {
    let mut words = vec!["cargo xtask"];
    words.extend(command.split_whitespace());
    if words[1] == "deploy" && std::env::var_os("STATE_ACCOUNT").is_none() {
        words.extend(["--state-account", "ststate"]);
    }
    match Cli::try_parse_from(words) {
        Err(error) if error.kind() != ErrorKind::DisplayHelp => Err(error),
        _ => Ok(()),
    }
}
