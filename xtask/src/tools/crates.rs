//! Programs from crates.io, each built with its own lock file.

use std::fs;
use std::path::PathBuf;

use super::install::Tool;
use crate::workspace::Workspace;

/// A program that a crate of the same name installs.
pub(super) struct Program<'a> {
    pub(super) name: &'a str,
    pub(super) version: &'a str,
    /// Why it is installed: the end of a sentence that begins with "it".
    pub(super) purpose: &'a str,
}

impl Program<'_> {
    /// Its executable.
    pub(super) fn install(&self, workspace: &Workspace) -> anyhow::Result<PathBuf> {
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
        let folder = tool.install(workspace, |folder, turn| {
            let build = folder.join("build");
            let mut install = workspace.cargo();
            install
                .args(["install", "--quiet", "--locked", self.name])
                .args(["--version", self.version, "--root"])
                .arg(folder)
                .arg("--target-dir")
                .arg(&build);
            turn.run(&mut install)?;
            Ok(fs::remove_dir_all(build)?)
        })?;
        Ok(folder.join(executable))
    }
}
