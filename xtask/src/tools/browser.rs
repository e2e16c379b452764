//! Chromium, which tests the operators' page, with its driver and the checker of accessibility.

use std::path::Path;
use std::process::Command;

use super::tool::{Tool, npm};
use crate::process;
use crate::workspace::Workspace;

/// Chromium's makers publish no archive in a registry. npm has it in a package for AWS Lambda, with the
/// libraries that it needs.
pub(crate) const BROWSER: Tool = Tool {
    finish: unpack,
    ..npm(
        "browser",
        "chromium",
        "is Chromium with Playwright and axe, which test the operators' page (80 MB)",
    )
};

fn unpack(workspace: &Workspace, folder: &Path) -> anyhow::Result<()> {
    let script = workspace.pins().join("browser/unpack.cjs");
    process::run(Command::new("node").arg(script).current_dir(folder))
}
