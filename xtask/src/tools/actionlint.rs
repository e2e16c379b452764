//! actionlint: GitHub's workflows, their expressions and what they refer to.

use std::env;
use std::path::PathBuf;

use super::python;
use crate::workspace::Workspace;

/// The `actionlint` executable: the one that `ACTIONLINT` names, else the pinned one.
pub(crate) fn install(workspace: &Workspace) -> anyhow::Result<PathBuf> {
    if let Some(named) = env::var_os("ACTIONLINT") {
        return Ok(named.into());
    }
    let announcement = "actionlint from PyPI into target/tools: it checks GitHub's workflows";
    Ok(python::environment(workspace, "actionlint", announcement)?.join("bin/actionlint"))
}
