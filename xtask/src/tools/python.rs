//! Packages of PyPI, each in its own virtual environment.

use std::env;
use std::path::PathBuf;
use std::process::Command;

use anyhow::bail;

use super::apt;
use super::install::{self, Tool};
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

/// A program that `xtask/tools/<name>.txt` pins by hash.
pub(crate) struct Package {
    pub(super) name: &'static str,
    /// Its name in the line that announces its installation.
    pub(super) label: &'static str,
    /// The end of a sentence that begins with "it".
    pub(super) purpose: &'static str,
    /// Its executable, relative to the environment.
    pub(super) program: &'static str,
    /// The variable that may name another executable.
    pub(super) variable: Option<&'static str>,
}

impl Package {
    /// The executable: the one that the variable names, else the pinned one.
    pub(crate) fn install(&self, workspace: &Workspace) -> anyhow::Result<PathBuf> {
        if let Some(named) = self.variable.and_then(env::var_os) {
            return Ok(named.into());
        }
        Ok(self.environment(workspace)?.join(self.program))
    }

    /// The folder of the pinned package's virtual environment.
    pub(crate) fn environment(&self, workspace: &Workspace) -> anyhow::Result<PathBuf> {
        let file = format!("{}.txt", self.name);
        let Package { label, purpose, .. } = self;
        let place = workspace.tools();
        // Scripts of an environment name it by its path, so a moved checkout needs new ones.
        let pins = [
            &install::pins(workspace, &file)?,
            place.as_os_str().as_encoded_bytes(),
        ]
        .concat();
        let tool = Tool {
            name: self.name,
            announcement: &format!("{label} from PyPI into target/tools: it {purpose}"),
            pins: &pins,
            proof: "bin/python",
        };
        tool.install(workspace, |folder, lock| {
            let python = interpreter(self.name)?;
            lock.run(Command::new(python).args(["-m", "venv"]).arg(folder))?;
            let requirements = workspace.pins().join(&file);
            lock.run(&mut localpg::pip_install(
                &folder.join("bin/python"),
                &requirements,
            ))
        })
    }
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
