//! Programs from the Python package index, each in a virtual environment of its own.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::bail;

use super::apt;
use super::install::{self, Tool};
use crate::process;
use crate::workspace::Workspace;

/// The oldest Python that all pins support is 3.11.
const IS_GOOD: &str = "import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))";

/// By the name that most people have first, then the named ones from the newest down.
const CANDIDATES: [&str; 6] = [
    "python3",
    "python3.15",
    "python3.14",
    "python3.13",
    "python3.12",
    "python3.11",
];

/// Installs what `xtask/tools/<name>.txt` pins by hash, and returns the environment's folder.
pub(super) fn environment(
    workspace: &Workspace,
    name: &str,
    announcement: &str,
) -> anyhow::Result<PathBuf> {
    let file = format!("{name}.txt");
    let pins = install::pins(workspace, &file)?;
    let tool = Tool {
        name,
        announcement,
        pins: &pins,
        proof: "bin/python",
    };
    tool.install(workspace, |folder, turn| {
        let python = interpreter(name)?;
        turn.run(Command::new(python).args(["-m", "venv"]).arg(folder))?;
        let requirements = workspace.pins().join(&file);
        turn.run(&mut pip_install(folder, &requirements))
    })
}

fn pip_install(environment: &Path, requirements: &Path) -> Command {
    let mut pip = Command::new(environment.join("bin/python"));
    pip.args([
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--no-input",
    ]);
    pip.args([
        "--only-binary",
        ":all:",
        "--require-hashes",
        "--requirement",
    ])
    .arg(requirements);
    pip
}

/// A Python that can make environments; as root a missing one is installed.
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
