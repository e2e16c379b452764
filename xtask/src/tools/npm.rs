//! Packages of npm, each in its own folder with its dependencies.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, bail};

use super::apt;
use super::install::{self, Lock, Tool};
use crate::process;
use crate::workspace::Workspace;

/// The lock file has the hash of every package.
const PINS: [&str; 2] = ["package.json", "package-lock.json"];

/// A package that the files in `xtask/tools/<name>` pin.
pub(crate) struct Package {
    pub(super) name: &'static str,
    /// Its name in the line that announces its installation.
    pub(super) label: &'static str,
    /// The rest of that line.
    pub(super) purpose: &'static str,
    /// A file in its folder that it needs.
    pub(super) proof: &'static str,
}

impl Package {
    /// The file that [`Package::proof`] names, and a Node.js on PATH that runs it.
    pub(crate) fn install(&self, workspace: &Workspace) -> anyhow::Result<PathBuf> {
        Ok(self.folder(workspace, |_| Ok(()))?.join(self.proof))
    }

    /// The package's folder. After npm, `finish` may add to it.
    pub(crate) fn folder(
        &self,
        workspace: &Workspace,
        finish: impl FnOnce(&Path) -> anyhow::Result<()>,
    ) -> anyhow::Result<PathBuf> {
        require_node(self.name)?;
        let [manifest, lock] =
            PINS.map(|file| install::pins(workspace, &format!("{}/{file}", self.name)));
        let Package { label, purpose, .. } = self;
        let tool = Tool {
            name: self.name,
            announcement: &format!("{label} from npm into target/tools: {purpose}"),
            pins: &[manifest?, lock?].concat(),
            proof: self.proof,
        };
        tool.install(workspace, |folder, lock| {
            npm_install(&workspace.pins().join(self.name), folder, lock)?;
            finish(folder)
        })
    }
}

fn npm_install(pins: &Path, folder: &Path, lock: &Lock) -> anyhow::Result<()> {
    for file in PINS {
        fs::copy(pins.join(file), folder.join(file))
            .with_context(|| format!("cannot copy {file}"))?;
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

/// As root, a missing Node.js is installed.
fn require_node(wanted_by: &str) -> anyhow::Result<()> {
    if !is_here() && apt::may_install() {
        let why = format!("{wanted_by} is an npm package");
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
