//! Schemathesis: requests made up from `openapi.json`, and answers held against it.

use std::env;
use std::path::PathBuf;

use super::python;
use crate::workspace::Workspace;

/// The `st` executable: the one that `SCHEMATHESIS` names, else the pinned one.
pub(crate) fn install(workspace: &Workspace) -> anyhow::Result<PathBuf> {
    if let Some(named) = env::var_os("SCHEMATHESIS") {
        return Ok(named.into());
    }
    let announcement =
        "schemathesis from PyPI into target/tools: it tests the HTTP API against openapi.json";
    Ok(python::environment(workspace, "schemathesis", announcement)?.join("bin/st"))
}
