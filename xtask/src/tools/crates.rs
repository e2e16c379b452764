//! Programs of crates.io, each built with its own lock file.

use std::fs;
use std::path::PathBuf;

use super::install::Tool;
use crate::workspace::Workspace;

/// A program that a crate of the same name installs.
pub(crate) struct Program {
    pub(super) name: &'static str,
    pub(super) version: &'static str,
    /// The end of a sentence that begins with "it".
    pub(super) purpose: &'static str,
}

impl Program {
    pub(crate) fn install(&self, workspace: &Workspace) -> anyhow::Result<PathBuf> {
        let announcement = format!(
            "{} {} from crates.io into target/tools (some minutes): it {}",
            self.name, self.version, self.purpose
        );
        let executable = format!("bin/{}", self.name);
        let tool = Tool {
            name: self.name,
            announcement: &announcement,
            pins: self.version.as_bytes(),
            proof: &executable,
        };
        let folder = tool.install(workspace, |folder, lock| {
            let build = folder.join("build");
            let mut install = workspace.cargo();
            install
                .args(["install", "--quiet", "--locked", self.name])
                .args(["--version", self.version, "--root"])
                .arg(folder)
                .arg("--target-dir")
                .arg(&build);
            lock.run(&mut install)?;
            Ok(fs::remove_dir_all(build)?)
        })?;
        Ok(folder.join(executable))
    }
}
