//! `cargo xtask infra values`: Terraform's outputs for Helmfile.

use std::process::ExitCode;

use fs_err as fs;
use serde_json::Value;

use super::environment::Environment;
use crate::workspace::Workspace;

/// Write Terraform's outputs for Helmfile: infra/helmfile/environments/<environment>/azure.json
///
/// Reads the state of an environment that was applied, after another `infra` command selected it. The file contains no
/// secret and is not committed.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The environment, whose state an earlier `cargo xtask infra` command selected
    environment: String,
}

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
    fs::write(&path, format!("{values:#}\n"))?;
    println!("wrote {}", workspace.shown(&path));
    Ok(values)
}
