//! Azurite: Azure Storage on this machine, from npm.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, bail};

use super::apt;
use super::install::{self, Tool, Turn};
use crate::process;
use crate::workspace::Workspace;

/// Both files pin it; the lock file has every package's hash.
const PINS: [&str; 2] = ["package.json", "package-lock.json"];

/// The `azurite` executable, and a Node.js on PATH that runs it.
pub(crate) fn install(workspace: &Workspace) -> anyhow::Result<PathBuf> {
    require_node()?;
    let [manifest, lock] = PINS.map(|file| install::pins(workspace, &format!("azurite/{file}")));
    let pins = [manifest?, lock?].concat();
    let tool = Tool {
        name: "azurite",
        announcement: "Azurite from npm into target/tools: it stands in for Azure Storage",
        pins: &pins,
        proof: "node_modules/.bin/azurite",
    };
    let folder = tool.install(workspace, |folder, turn| {
        npm_install(&workspace.pins().join("azurite"), folder, turn)
    })?;
    Ok(folder.join(tool.proof))
}

fn npm_install(pins: &Path, folder: &Path, turn: &Turn) -> anyhow::Result<()> {
    for file in PINS {
        fs::copy(pins.join(file), folder.join(file))
            .with_context(|| format!("cannot copy {file}"))?;
    }
    let mut npm = Command::new("npm");
    npm.args([
        "ci",
        "--omit=dev",
        "--ignore-scripts",
        "--no-audit",
        "--no-fund",
        "--loglevel=error",
    ]);
    // It would tell of every package that it added.
    turn.run(npm.current_dir(folder).stdout(Stdio::null()))
}

/// As root a missing Node.js is installed.
fn require_node() -> anyhow::Result<()> {
    if !is_here() && apt::may_install() {
        apt::install(&["nodejs", "npm"], "Azurite is a Node.js program")?;
    }
    if !is_here() {
        bail!(
            "Azurite needs Node.js 18 or newer with npm; on Debian or Ubuntu: sudo apt-get install nodejs npm"
        );
    }
    Ok(())
}

fn is_here() -> bool {
    ["node", "npm"]
        .into_iter()
        .all(|program| process::on_path(program).is_some())
}
