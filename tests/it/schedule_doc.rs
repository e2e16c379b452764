//! `docs/schedules.md`: its schedules, and the output of its commands.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::harness::Start;

const DOCUMENT: &str = include_str!("../../docs/schedules.md");

/// A marked block of the document.
enum Block<'a> {
    /// `<!-- file: name -->`: a whole file.
    File { name: &'a str, text: &'a str },
    /// `<!-- tested -->`: commands after `$`, and their output.
    Session(&'a str),
}

fn blocks() -> Vec<Block<'static>> {
    let marked = DOCUMENT.split("\n<!-- ").skip(1);
    let blocks = marked.filter_map(|rest| {
        let (mark, rest) = rest.split_once(" -->\n```")?;
        let (_, rest) = rest.split_once('\n')?;
        let (text, _) = rest.split_once("```").expect("a block ends");
        match mark.split_once(": ") {
            Some(("file", name)) => Some(Block::File { name, text }),
            None if mark == "tested" => Some(Block::Session(text)),
            _ => None,
        }
    });
    blocks.collect()
}

#[test]
fn schedules_are_good_and_commands_print_the_documented_output() {
    let folder = tempfile::tempdir().expect("a folder");
    let (mut schedules, mut commands) = (0, 0);
    for block in blocks() {
        match block {
            Block::File { name, text } => {
                fs::write(folder.path().join(name), text).expect("it is written");
                if name == "scale.toml" {
                    assert_is_good(folder.path(), text);
                    schedules += 1;
                }
            }
            Block::Session(text) => {
                for session in format!("\n{text}").split("\n$ ").skip(1) {
                    let (command, documented) = session.split_once('\n').expect("a line");
                    let printed = output(folder.path(), command);
                    assert_eq!(masked(&printed), masked(documented), "{command}");
                    commands += 1;
                }
            }
        }
    }
    assert!(schedules >= 3 && commands >= 6, "{schedules}, {commands}");
}

/// Warnings are allowed: the dates of the document pass.
#[track_caller]
fn assert_is_good(folder: &Path, text: &str) {
    let schedule = folder.join("scale.toml").display().to_string();
    let linted = Start::operator()
        .set("SCALE_CONFIG", &schedule)
        .argument("scale")
        .argument("lint")
        .output();
    let output = String::from_utf8_lossy(&linted.stdout);
    assert!(linted.status.success(), "{output}\n{text}");
}

/// Runs the command in a shell in the folder of the files. The output contains its errors.
fn output(folder: &Path, command: &str) -> String {
    let program = Path::new(env!("CARGO_BIN_EXE_magnusapi"));
    let folders = [program.parent().expect("a folder").to_owned()];
    let path = std::env::var_os("PATH").unwrap_or_default();
    let path = std::env::join_paths(folders.into_iter().chain(std::env::split_paths(&path)));
    let output = Command::new("/bin/sh")
        .args(["-c", &format!("{command} 2>&1")])
        .current_dir(folder)
        .env_clear()
        .env("PATH", path.expect("no folder has a colon"))
        .output()
        .expect("a shell starts");
    String::from_utf8(output.stdout).expect("UTF-8")
}

/// Without blank lines at the end, and without the version of the time zones.
fn masked(text: &str) -> String {
    let lines = text.trim_end().lines().map(|line| {
        let (rest, _) = line.split_once(", time zones of ").unwrap_or((line, ""));
        rest
    });
    lines.collect::<Vec<_>>().join("\n")
}
