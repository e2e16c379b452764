//! kubernetes-validate: the schemas of Kubernetes itself, strictly.

use std::env;
use std::path::PathBuf;

use super::python;
use crate::workspace::Workspace;

/// The `kubernetes-validate` executable: the one that `KUBERNETES_VALIDATE` names, else the pinned one.
pub(crate) fn install(workspace: &Workspace) -> anyhow::Result<PathBuf> {
    if let Some(named) = env::var_os("KUBERNETES_VALIDATE") {
        return Ok(named.into());
    }
    let announcement = "kubernetes-validate from PyPI into target/tools: it holds infra/helmfile's manifests against \
         Kubernetes' schemas";
    let environment = python::environment(workspace, "kubernetes-validate", announcement)?;
    Ok(environment.join("bin/kubernetes-validate"))
}
