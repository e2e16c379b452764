//! cargo-deny: licences, sources, banned crates and known advisories of the dependencies.

use std::fs;
use std::path::PathBuf;

use super::install::Tool;
use crate::workspace::Workspace;

const VERSION: &str = "0.20.2";

/// The `cargo-deny` executable, built from crates.io with its own lock file.
pub(crate) fn install(workspace: &Workspace) -> anyhow::Result<PathBuf> {
    let announcement = format!(
        "cargo-deny {VERSION} from crates.io into target/tools (some minutes): it checks the dependencies"
    );
    let tool = Tool {
        name: "cargo-deny",
        announcement: &announcement,
        pins: VERSION.as_bytes(),
        proof: "bin/cargo-deny",
    };
    let folder = tool.install(workspace, |folder, turn| {
        let build = folder.join("build");
        let mut install = workspace.cargo();
        install.args([
            "install",
            "--quiet",
            "--locked",
            "cargo-deny",
            "--version",
            VERSION,
        ]);
        install
            .arg("--root")
            .arg(folder)
            .arg("--target-dir")
            .arg(&build);
        turn.run(&mut install)?;
        Ok(fs::remove_dir_all(build)?)
    })?;
    Ok(folder.join("bin/cargo-deny"))
}
