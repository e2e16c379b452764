//! Packages of Node.js, each with what it needs in a folder of its own.

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

/// What `xtask/tools/<name>` pins.
pub(super) struct Package<'a> {
    pub(super) name: &'a str,
    /// What is installed from where, and why: the rest of a line that begins with "installing".
    pub(super) announcement: &'a str,
    /// A file in its folder that it cannot work without.
    pub(super) proof: &'a str,
}

impl Package<'_> {
    /// The package's folder. Once npm has filled it, `finish` may add to it.
    pub(super) fn install(
        &self,
        workspace: &Workspace,
        finish: impl FnOnce(&Path) -> anyhow::Result<()>,
    ) -> anyhow::Result<PathBuf> {
        require_node(self.name)?;
        let [manifest, lock] =
            PINS.map(|file| install::pins(workspace, &format!("{}/{file}", self.name)));
        let pins = [manifest?, lock?].concat();
        let tool = Tool {
            name: self.name,
            announcement: self.announcement,
            pins: &pins,
            proof: self.proof,
        };
        tool.install(workspace, |folder, turn| {
            npm_install(&workspace.pins().join(self.name), folder, turn)?;
            finish(folder)
        })
    }
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
        // What a package would like beside it is in the lock file where it is needed.
        "--legacy-peer-deps",
        "--ignore-scripts",
        "--no-audit",
        "--no-fund",
        "--loglevel=error",
    ]);
    // It would tell of every package that it added.
    turn.run(npm.current_dir(folder).stdout(Stdio::null()))
}

/// As root a missing Node.js is installed.
fn require_node(wanted_by: &str) -> anyhow::Result<()> {
    if !is_here() && apt::may_install() {
        let why = format!("{wanted_by} comes from npm");
        apt::install(&["nodejs", "npm"], &why)?;
    }
    if !is_here() {
        bail!(
            "{wanted_by} needs Node.js 18 or newer with npm; on Debian or Ubuntu: sudo apt-get install nodejs npm"
        );
    }
    Ok(())
}

fn is_here() -> bool {
    ["node", "npm"]
        .into_iter()
        .all(|program| process::on_path(program).is_some())
}
