//! The common part of the tests of `infra/`: `terraform`, `kubernetes`, `pipelines` and `runbooks` in `tests/`.
//!
//! They run the programs that an operator runs, on the files of the checkout. They do not contact a cloud, and they write
//! only below the build folder.

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// The folder with the workspace's `Cargo.toml`.
///
/// # Panics
///
/// If this crate is not two folders below it.
pub fn checkout() -> &'static Path {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors()
        .nth(2)
        .expect("this crate is infra/tests of the checkout")
}

/// The program that `variable` names, else the one called `name` on PATH.
///
/// # Panics
///
/// If neither exists, with the command that installs it.
pub fn program(variable: &str, name: &str) -> PathBuf {
    let path = env::var_os("PATH").unwrap_or_default();
    let installed = env::split_paths(&path).map(|folder| folder.join(name));
    let mut programs = named(variable).into_iter().chain(installed);
    programs
        .find(|program| program.is_file())
        .unwrap_or_else(|| missing(variable))
}

/// The program that `variable` names.
///
/// # Panics
///
/// If it does not exist, with the command that installs it.
pub fn fetched_program(variable: &str) -> PathBuf {
    named(variable)
        .filter(|program| program.is_file())
        .unwrap_or_else(|| missing(variable))
}

/// The folder that `variable` names.
///
/// # Panics
///
/// If it does not exist, with the command that installs it.
pub fn fetched_folder(variable: &str) -> PathBuf {
    named(variable)
        .filter(|folder| folder.is_dir())
        .unwrap_or_else(|| missing(variable))
}

fn named(variable: &str) -> Option<PathBuf> {
    env::var_os(variable).map(PathBuf::from)
}

fn missing(variable: &str) -> ! {
    panic!(
        "{variable} names no program, and none is installed: run `cargo xtask test`, which fetches it"
    )
}

/// Runs `command` and returns its stdout.
///
/// # Panics
///
/// If it fails, with its output.
pub fn output(command: &mut Command) -> String {
    let Output {
        status,
        stdout,
        stderr,
    } = command
        .output()
        .unwrap_or_else(|error| panic!("{command:?} cannot be started: {error}"));
    let [stdout, stderr] =
        [stdout, stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    assert!(
        status.success(),
        "{command:?} ended with {status}\n{stdout}\n{stderr}"
    );
    stdout
}
