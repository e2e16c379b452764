//! zizmor: what is unsafe in GitHub's workflows.

use std::path::PathBuf;

use super::python;
use crate::workspace::Workspace;

/// The `zizmor` executable.
pub(crate) fn install(workspace: &Workspace) -> anyhow::Result<PathBuf> {
    let announcement =
        "zizmor from PyPI into target/tools: it looks for what is unsafe in GitHub's workflows";
    Ok(python::environment(workspace, "zizmor", announcement)?.join("bin/zizmor"))
}
