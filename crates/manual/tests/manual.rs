//! The completions and man pages, as shells and readers take them.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

fn written() -> TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    output(Command::new(env!("CARGO_BIN_EXE_manual")).arg(folder.path()));
    folder
}

fn tool(variable: &str) -> PathBuf {
    let named = env::var_os(variable).unwrap_or_else(|| {
        panic!("{variable} is not set; run `cargo xtask test`, which installs it")
    });
    PathBuf::from(named)
}

/// stdout of a command that succeeds and warns of nothing.
#[track_caller]
fn output(command: &mut Command) -> String {
    let output = command.stdin(Stdio::null()).output().expect("it starts");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {error}{text}");
    assert_eq!(error, "", "{command:?}");
    text
}

#[test]
fn shells_accept_the_completions() {
    let written = written();
    let file = |name: &str| written.path().join("completions").join(name);
    output(Command::new("bash").arg("-n").arg(file("magnusapi.bash")));
    output(Command::new(tool("ZSH")).arg("-n").arg(file("_magnusapi")));
    let mut fish = Command::new(tool("FISH"));
    output(fish.arg("--no-execute").arg(file("magnusapi.fish")));
}

#[test]
fn bash_completes_verbs_and_functions() {
    let written = written();
    let completed = |words: &[&str]| {
        let script = r#"source "$0"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
            _magnusapi magnusapi "${COMP_WORDS[-1]}" "${COMP_WORDS[-2]}"; echo "${COMPREPLY[@]}""#;
        let mut bash = Command::new("bash");
        bash.arg("-c").arg(script);
        bash.arg(written.path().join("completions/magnusapi.bash"));
        output(bash.args(words)).trim().to_owned()
    };
    assert_eq!(
        completed(&["magnusapi", "backup", "rel"]),
        "release",
        "a verb"
    );
    assert_eq!(
        completed(&["magnusapi", "run", "postfacto_b"]),
        "postfacto_backup",
        "a timer function"
    );
}

#[test]
fn man_pages_have_no_fault() {
    let written = written();
    let pages = fs::read_dir(written.path().join("man/man1")).expect("pages");
    let pages = pages.map(|page| page.expect("a page").path());
    let mut lint = Command::new(tool("MANDOC"));
    output(lint.args(["-T", "lint", "-W", "error"]).args(pages));
    let page = |name: &str| {
        let path = written.path().join("man/man1").join(name);
        output(Command::new(tool("MANDOC")).args(["-T", "ascii"]).arg(path))
    };
    assert!(page("magnusapi.1").contains("magnusapi-backup(1)"));
    assert!(page("magnusapi-backup-create.1").contains("degraded"));
}

#[test]
fn a_missing_folder_is_wrong_usage() {
    let ended = Command::new(env!("CARGO_BIN_EXE_manual")).output();
    assert_eq!(ended.expect("it starts").status.code(), Some(2));
    let mut command = Command::new(env!("CARGO_BIN_EXE_manual"));
    let ended = command.arg(Path::new("/proc/nowhere")).output();
    let ended = ended.expect("it starts");
    assert_eq!(ended.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&ended.stderr).contains("/proc/nowhere"));
}
