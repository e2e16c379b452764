//! `cargo xtask infra values`: what Helmfile takes from Terraform.

use std::fs;
use std::process::ExitCode;

use anyhow::Context;
use serde_json::Value;

use super::environment::Environment;
use crate::workspace::Workspace;

/// Write what Helmfile takes from Terraform: infra/helmfile/environments/<environment>/azure.json
///
/// From the state of an environment that was applied; `infra plan` finds the state first. There is no
/// secret in it, and no repository keeps it.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The environment, whose state an earlier `cargo xtask infra` command selected
    environment: String,
}

/// Writes the file and names it.
pub(super) fn run(workspace: &Workspace, arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let environment = Environment::parse(workspace, &arguments.environment)?;
    write(workspace, &environment)?;
    Ok(ExitCode::SUCCESS)
}

/// Writes the values and returns them.
pub(crate) fn write(workspace: &Workspace, environment: &Environment) -> anyhow::Result<Value> {
    let mut outputs = environment.outputs()?;
    let values = outputs["helmfile"]["value"].take();
    if !values.is_object() {
        anyhow::bail!(
            "Terraform's state of {} has no output helmfile: was it applied?",
            environment.name
        );
    }
    let folder = workspace.root().join("infra/helmfile/environments");
    let path = folder.join(&environment.name).join("azure.json");
    fs::write(&path, format!("{values:#}\n"))
        .with_context(|| format!("cannot write {}", path.display()))?;
    println!("wrote {}", workspace.shown(&path));
    Ok(values)
}
