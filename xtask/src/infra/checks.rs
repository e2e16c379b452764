//! The steps of `cargo xtask infra`.

use std::path::Path;
use std::process::Command;

use super::scan::scan;
use crate::steps::{Outcome, cargo_test};
use crate::tools;
use crate::workspace::Workspace;

pub(super) fn tests(workspace: &Workspace) -> anyhow::Result<Outcome> {
    cargo_test(&mut infra_tests(workspace)?, &[])
}

pub(super) fn scan_terraform(workspace: &Workspace) -> anyhow::Result<Outcome> {
    let mut checkov = checkov(workspace, Path::new("infra/terraform"))?;
    scan(checkov.args(["--framework", "terraform"]))?;
    Ok(Outcome::Passed)
}

/// Scans the manifests that the tests rendered.
pub(super) fn scan_kubernetes(workspace: &Workspace) -> anyhow::Result<Outcome> {
    let mut checkov = checkov(workspace, &workspace.target().join("tmp/kubernetes"))?;
    checkov.args(["--config-file", "infra/helmfile/checkov.yaml"]);
    scan(checkov.args(["--framework", "kubernetes"]))?;
    Ok(Outcome::Passed)
}

/// Tests one folder at a time: they share the copies of the providers, which Terraform installs without a lock.
pub(super) fn real_providers(workspace: &Workspace) -> anyhow::Result<Outcome> {
    let mut cargo = infra_tests(workspace)?;
    cargo
        .args(["--test", "terraform"])
        .env("RUST_TEST_THREADS", "1")
        .env("TERRAFORM_PROVIDERS", "registry");
    cargo_test(&mut cargo, &["--include-ignored"])
}

/// Tests with third-party charts, fetched from their repositories, or from the folder that `CHARTS` names.
pub(super) fn real_charts(workspace: &Workspace) -> anyhow::Result<Outcome> {
    let mut cargo = infra_tests(workspace)?;
    cargo.args(["--test", "kubernetes", "real_charts"]);
    cargo_test(&mut cargo, &["--include-ignored"])
}

fn infra_tests(workspace: &Workspace) -> anyhow::Result<Command> {
    let mut cargo = workspace.cargo();
    cargo
        .args(["test", "--package", "infra-tests"])
        .envs(super::programs(workspace)?);
    Ok(cargo)
}

fn checkov(workspace: &Workspace, folder: &Path) -> anyhow::Result<Command> {
    let mut checkov = Command::new(tools::CHECKOV.install(workspace)?);
    checkov
        .current_dir(workspace.root())
        .args(["--skip-download", "--directory"])
        .arg(folder);
    Ok(checkov)
}
