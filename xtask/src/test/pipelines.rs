//! Checks the files of the pipelines: their references, their safety, and their schemas.

use std::path::PathBuf;
use std::process::Command;

use anyhow::bail;
use fs_err as fs;

use crate::process;
use crate::steps::Outcome;
use crate::tools;
use crate::workspace::Workspace;

/// Checks every pipeline with every program for its kind, without a network.
pub(super) fn check(workspace: &Workspace) -> anyhow::Result<Outcome> {
    let workflows = files(workspace, ".github/workflows")?;
    let actions = files(workspace, ".github/actions/cluster-tools")?;
    lint(workspace, &workflows)?;
    audit(workspace)?;
    let mut azure = files(workspace, ".azure-pipelines")?;
    azure.push(workspace.root().join("azure-pipelines.yml"));
    let dependabot = workspace.root().join(".github/dependabot.yml");
    for (schema, files) in [
        ("vendor.github-workflows", workflows),
        ("vendor.github-actions", actions),
        ("vendor.azure-pipelines", azure),
        ("vendor.dependabot", vec![dependabot]),
    ] {
        validate(workspace, schema, &files)?;
    }
    Ok(Outcome::Passed)
}

/// Without the checkers of shell and Python, which some machines have on PATH: the result is the same everywhere.
fn lint(workspace: &Workspace, workflows: &[PathBuf]) -> anyhow::Result<()> {
    let mut actionlint = Command::new(tools::ACTIONLINT.install(workspace)?);
    actionlint
        .current_dir(workspace.root())
        .args(["-shellcheck=", "-pyflakes="])
        .args(workflows);
    process::run(&mut actionlint)
}

fn audit(workspace: &Workspace) -> anyhow::Result<()> {
    let mut zizmor = Command::new(tools::ZIZMOR.install(workspace)?);
    zizmor
        .current_dir(workspace.root())
        .args(["--offline", "--no-progress", "--quiet", ".github"]);
    process::run(&mut zizmor)
}

/// Azure's schema has patterns that are not valid in Unicode mode.
fn validate(workspace: &Workspace, schema: &str, files: &[PathBuf]) -> anyhow::Result<()> {
    let mut check = Command::new(tools::CHECK_JSONSCHEMA.install(workspace)?);
    check
        .args(["--quiet", "--regex-variant", "nonunicode"])
        .args(["--builtin-schema", schema])
        .args(files);
    process::run(&mut check)
}

/// The YAML files in a folder, sorted. An empty folder is an error, because it proves nothing.
fn files(workspace: &Workspace, folder: &str) -> anyhow::Result<Vec<PathBuf>> {
    let folder = workspace.root().join(folder);
    let mut files = Vec::new();
    for entry in fs::read_dir(&folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|it| it == "yml") {
            files.push(path);
        }
    }
    if files.is_empty() {
        bail!("there is no pipeline in {}", folder.display());
    }
    files.sort();
    Ok(files)
}
