//! The checks themselves.

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
    cargo_test(&mut cargo)
}

pub(super) fn scan_terraform(workspace: &Workspace) -> anyhow::Result<Outcome> {
    let mut checkov = Command::new(tools::checkov::install(workspace)?);
    checkov
        .current_dir(workspace.root())
        .args(["--directory", "infra/terraform"])
        .args(["--framework", "terraform", "--skip-download"]);
    scan(&mut checkov)?;
    Ok(Outcome::Passed)
}

pub(super) fn real_providers(workspace: &Workspace) -> anyhow::Result<Outcome> {
    let mut cargo = workspace.cargo();
    cargo
        .args(["test", "--package", "infra-tests", "--test", "terraform"])
        .env("TERRAFORM_PROVIDERS", "registry")
        .envs(super::programs(workspace)?);
    cargo_test(&mut cargo)
}
