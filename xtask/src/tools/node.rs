//! Packages of npm, each in its own folder with its dependencies.

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::bail;
use fs_err as fs;

use super::install::{self, Lock};
use crate::process;
use crate::workspace::Workspace;

/// The lock file has the hash of every package.
const PINS: [&str; 2] = ["package.json", "package-lock.json"];

pub(super) fn pins(workspace: &Workspace, name: &str) -> anyhow::Result<Vec<u8>> {
    let [manifest, lock] = PINS.map(|file| install::pins(workspace, &format!("{name}/{file}")));
    Ok([manifest?, lock?].concat())
}

/// Installs the package that the files in `xtask/tools/<name>` pin.
pub(super) fn install(
    workspace: &Workspace,
    name: &str,
    folder: &Path,
    lock: &Lock,
) -> anyhow::Result<()> {
    for file in PINS {
        fs::copy(workspace.pins().join(name).join(file), folder.join(file))?;
    }
    let mut npm = Command::new("npm");
    npm.args([
        "ci",
        "--omit=dev",
        // The lock file has the peers that a package needs.
        "--legacy-peer-deps",
        "--ignore-scripts",
        "--no-audit",
        "--no-fund",
        "--loglevel=error",
    ]);
    // npm lists each package that it added.
    lock.run(npm.current_dir(folder).stdout(Stdio::null()))
}

pub(super) fn require(wanted_by: &str) -> anyhow::Result<()> {
    for program in ["node", "npm"] {
        if process::on_path(program).is_none() {
            bail!(
                "{wanted_by} needs Node.js 18 or newer with npm, and {program} is not on PATH: install it"
            );
        }
    }
    Ok(())
}
