//! The protocol between Terraform and its providers, for the stub in `infra/tests/providers`.

use std::path::PathBuf;

use super::python;
use crate::workspace::Workspace;

/// A Python that has it: the one that `TFPLUGIN_PYTHON` names, else the pinned one.
pub(crate) fn install(workspace: &Workspace) -> anyhow::Result<PathBuf> {
    if let Some(named) = std::env::var_os("TFPLUGIN_PYTHON") {
        return Ok(named.into());
    }
    let announcement = "Terraform's provider protocol from PyPI into target/tools: infra/ is tested without providers";
    Ok(python::environment(workspace, "tfplugin", announcement)?.join("bin/python"))
}
