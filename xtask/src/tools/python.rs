//! Packages of PyPI, each in its own virtual environment.

use std::path::Path;
use std::process::Command;

use anyhow::bail;

use super::apt;
use super::install::{self, Lock};
use crate::process;
use crate::workspace::Workspace;

/// The oldest Python that all pins support is 3.11.
const IS_GOOD: &str = "import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))";

/// The usual name first, then the versioned ones from the newest to the oldest.
const CANDIDATES: [&str; 6] = [
    "python3",
    "python3.15",
    "python3.14",
    "python3.13",
    "python3.12",
    "python3.11",
];

fn requirements(name: &str) -> String {
    format!("{name}.txt")
}

/// Scripts of an environment name it by its path, so a moved checkout needs new ones.
pub(super) fn pins(workspace: &Workspace, name: &str) -> anyhow::Result<Vec<u8>> {
    let place = workspace.tools();
    let pins = install::pins(workspace, &requirements(name))?;
    Ok([&pins, place.as_os_str().as_encoded_bytes()].concat())
}

/// Creates a virtual environment with the package.
pub(super) fn install(
    workspace: &Workspace,
    name: &str,
    folder: &Path,
    lock: &Lock,
) -> anyhow::Result<()> {
    let python = interpreter(name)?;
    lock.run(Command::new(python).args(["-m", "venv"]).arg(folder))?;
    let requirements = workspace.pins().join(requirements(name));
    lock.run(&mut localpg::pip_install(
        &folder.join("bin/python"),
        &requirements,
    ))
}

/// A Python that can create environments. As root, a missing one is installed.
fn interpreter(wanted_by: &str) -> anyhow::Result<&'static str> {
    if let Some(found) = find() {
        return Ok(found);
    }
    if apt::may_install() {
        apt::install(
            &["python3", "python3-venv"],
            &format!("{wanted_by} is a Python program"),
        )?;
        if let Some(found) = find() {
            return Ok(found);
        }
    }
    bail!(
        "{wanted_by} needs Python 3.11 or newer with its venv module, and none was found as {}; on Debian \
         or Ubuntu: sudo apt-get install python3 python3-venv",
        CANDIDATES.join(", ")
    )
}

fn find() -> Option<&'static str> {
    CANDIDATES
        .into_iter()
        .find(|python| process::succeeds(Command::new(python).args(["-c", IS_GOOD])))
}
