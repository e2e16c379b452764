//! checkov: a scan for what is known to be unsafe in Terraform and Kubernetes.

use std::path::PathBuf;

use super::python;
use crate::workspace::Workspace;

/// The `checkov` executable.
pub(crate) fn install(workspace: &Workspace) -> anyhow::Result<PathBuf> {
    let announcement =
        "checkov from PyPI (290 MB) into target/tools: it scans infra/ by its policies";
    Ok(python::environment(workspace, "checkov", announcement)?.join("bin/checkov"))
}
