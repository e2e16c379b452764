//! The steps of `cargo xtask infra`.

use std::process::Command;

use super::scan::scan;
use crate::steps::{Outcome, cargo_test};
use crate::tools;
use crate::workspace::Workspace;

pub(super) fn tests(workspace: &Workspace) -> anyhow::Result<Outcome> {
    let mut cargo = workspace.cargo();
    cargo
        .args(["test", "--package", "infra-tests"])
        .envs(super::programs(workspace)?);
    cargo_test(&mut cargo, &[])
}

pub(super) fn scan_terraform(workspace: &Workspace) -> anyhow::Result<Outcome> {
    let mut checkov = Command::new(tools::CHECKOV.install(workspace)?);
    checkov
        .current_dir(workspace.root())
        .args(["--directory", "infra/terraform"])
        .args(["--framework", "terraform", "--skip-download"]);
    scan(&mut checkov)?;
    Ok(Outcome::Passed)
}

/// Scans the manifests that the tests rendered.
pub(super) fn scan_kubernetes(workspace: &Workspace) -> anyhow::Result<Outcome> {
    let mut checkov = Command::new(tools::CHECKOV.install(workspace)?);
    checkov
        .current_dir(workspace.root())
        .arg("--directory")
        .arg(workspace.target().join("tmp/kubernetes"))
        .args(["--config-file", "infra/helmfile/checkov.yaml"])
        .args(["--framework", "kubernetes", "--skip-download"]);
    scan(&mut checkov)?;
    Ok(Outcome::Passed)
}

/// Tests one folder at a time: they share the copies of the providers, which Terraform installs without a lock.
pub(super) fn real_providers(workspace: &Workspace) -> anyhow::Result<Outcome> {
    let mut cargo = workspace.cargo();
    cargo
        .args(["test", "--package", "infra-tests", "--test", "terraform"])
        .env("RUST_TEST_THREADS", "1")
        .env("TERRAFORM_PROVIDERS", "registry")
        .envs(super::programs(workspace)?);
    cargo_test(&mut cargo, &["--include-ignored"])
}

/// Tests with third-party charts, fetched from their repositories, or from the folder that `CHARTS` names.
pub(super) fn real_charts(workspace: &Workspace) -> anyhow::Result<Outcome> {
    let mut cargo = workspace.cargo();
    cargo
        .args([
            "test",
            "--package",
            "infra-tests",
            "--test",
            "kubernetes",
            "real_charts",
        ])
        .envs(super::programs(workspace)?);
    cargo_test(&mut cargo, &["--include-ignored"])
}
