//! Chromium, which tests the operators' page, with its driver and the checker of accessibility.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::npm::Package;
use crate::process;
use crate::workspace::Workspace;

/// The folder with the browser and the npm packages.
pub(crate) fn install(workspace: &Workspace) -> anyhow::Result<PathBuf> {
    let script = workspace.pins().join("browser/unpack.cjs");
    BROWSER.folder(workspace, |folder| unpack(folder, &script))
}

/// Chromium's makers publish no archive in a registry. npm has it in a package for AWS Lambda, with the
/// libraries that it needs.
const BROWSER: Package = Package {
    name: "browser",
    label: "Chromium, Playwright and axe (80 MB)",
    purpose: "they test the operators' page",
    proof: "chromium",
};

fn unpack(folder: &Path, script: &Path) -> anyhow::Result<()> {
    process::run(Command::new("node").arg(script).current_dir(folder))
}
