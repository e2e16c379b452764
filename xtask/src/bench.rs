//! `cargo xtask bench`: runs the load generator.

use std::process::ExitCode;

use crate::process;
use crate::workspace::Workspace;

/// Measure the app under load; the load generator gets all arguments after `bench`
///
/// Builds `benches/load` with the release profile and runs it. `cargo xtask bench --help` shows the
/// load generator's own help.
#[derive(clap::Args)]
#[command(disable_help_flag = true)]
pub(crate) struct Arguments {
    /// The arguments of the load generator.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    forwarded: Vec<String>,
}

/// Runs the load generator, and exits with its code.
pub(crate) fn run(workspace: &Workspace, arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let mut load = workspace.cargo();
    load.args(["run", "--quiet", "--release", "--package", "load", "--"]);
    load.args(&arguments.forwarded);
    let status = load
        .status()
        .map_err(|error| process::not_started(&load, &error))?;
    // A signal ended a program without a code.
    let code = status
        .code()
        .and_then(|code| u8::try_from(code).ok())
        .unwrap_or(1);
    Ok(ExitCode::from(code))
}
