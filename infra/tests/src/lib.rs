//! What the tests of `infra/` have in common. The tests are in `tests/`: `terraform`, `kubernetes`.
//!
//! They run the programs that an operator runs, on the files as they lie in the checkout. Nothing
//! here talks to a cloud, and nothing is written but below the build folder.

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// The folder with the workspace's `Cargo.toml`.
///
/// # Panics
///
/// Where this crate is not two folders below it.
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
/// With the command that helps, where neither is there.
pub fn program(variable: &str, name: &str) -> PathBuf {
    let path = env::var_os("PATH").unwrap_or_default();
    let installed = env::split_paths(&path).map(|folder| folder.join(name));
    let mut programs = named(variable).into_iter().chain(installed);
    programs
        .find(|program| program.is_file())
        .unwrap_or_else(|| missing(variable))
}

/// The program that `variable` names, where there is none that people install.
///
/// # Panics
///
/// With the command that helps, where it is not there.
pub fn fetched_program(variable: &str) -> PathBuf {
    named(variable)
        .filter(|program| program.is_file())
        .unwrap_or_else(|| missing(variable))
}

/// The folder that `variable` names, where there is none that people install.
///
/// # Panics
///
/// With the command that helps, where it is not there.
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

/// What `command` writes to stdout.
///
/// # Panics
///
/// With all that it wrote, where it fails.
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
