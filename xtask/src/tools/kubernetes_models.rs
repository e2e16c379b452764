//! Schemas of custom resources (Gateway API, cert-manager), from npm.

use std::path::PathBuf;

use super::npm::Package;
use crate::workspace::Workspace;

/// The folder `node_modules` with them, and a Node.js on PATH that runs them.
pub(crate) fn install(workspace: &Workspace) -> anyhow::Result<PathBuf> {
    let models = Package {
        name: "kubernetes-models",
        announcement: "schemas of Gateway API and cert-manager from npm into target/tools: infra/helmfile is held against them",
        proof: "node_modules",
    };
    let folder = models.install(workspace, |_| Ok(()))?;
    Ok(folder.join(models.proof))
}
