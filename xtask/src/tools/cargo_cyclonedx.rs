//! cargo-cyclonedx: what a program is made of, as other programs read it.

use std::path::PathBuf;

use super::crates::Program;
use crate::workspace::Workspace;

/// The `cargo-cyclonedx` executable.
pub(crate) fn install(workspace: &Workspace) -> anyhow::Result<PathBuf> {
    let program = Program {
        name: "cargo-cyclonedx",
        version: "0.5.9",
        purpose: "lists what the program is made of",
    };
    program.install(workspace)
}
