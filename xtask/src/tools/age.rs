//! age, with which the tests decrypt backups without this program.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

use super::apt;
use super::install::{Lock, Tool};
use crate::process;
use crate::workspace::Workspace;

const HOW: &str =
    "on Debian or Ubuntu: sudo apt-get install age; elsewhere put it on PATH, or name it in AGE";

/// The `age` executable: the one that `AGE` names, else an installed one, else Debian's, unpacked
/// into `target/tools`. It needs no library but the C one.
pub(crate) fn install(workspace: &Workspace) -> anyhow::Result<PathBuf> {
    if let Some(named) = env::var_os("AGE") {
        return Ok(named.into());
    }
    if let Some(found) = process::on_path("age") {
        return Ok(found);
    }
    let tool = Tool {
        name: "age",
        announcement: "age from this system's apt archive into target/tools: tests decrypt with it",
        // The system's release decides which version there is.
        pins: &fs::read("/etc/os-release").unwrap_or_default(),
        proof: "root/usr/bin/age",
    };
    let folder = tool.install(workspace, unpack).context(HOW)?;
    Ok(folder.join("root/usr/bin/age"))
}

fn unpack(folder: &Path, lock: &Lock) -> anyhow::Result<()> {
    if !apt::is_here() {
        bail!("age is not installed, and there is no apt-get to fetch it with");
    }
    if apt::may_install() {
        apt::update()?;
    }
    apt::unpack(&["age".to_owned()], folder, lock)
}
