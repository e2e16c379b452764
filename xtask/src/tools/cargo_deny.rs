//! cargo-deny: licences, sources, banned crates and known advisories of the dependencies.

use std::path::PathBuf;

use super::crates::Program;
use crate::workspace::Workspace;

/// The `cargo-deny` executable.
pub(crate) fn install(workspace: &Workspace) -> anyhow::Result<PathBuf> {
    let program = Program {
        name: "cargo-deny",
        version: "0.20.2",
        purpose: "checks the dependencies",
    };
    program.install(workspace)
}
