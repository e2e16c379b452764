//! Azurite: Azure Storage on this machine, from npm.

use std::path::PathBuf;

use super::npm::Package;
use crate::workspace::Workspace;

/// The `azurite` executable, and a Node.js on PATH that runs it.
pub(crate) fn install(workspace: &Workspace) -> anyhow::Result<PathBuf> {
    let azurite = Package {
        name: "azurite",
        announcement: "Azurite from npm into target/tools: it stands in for Azure Storage",
        proof: "node_modules/.bin/azurite",
    };
    let folder = azurite.install(workspace, |_| Ok(()))?;
    Ok(folder.join(azurite.proof))
}
