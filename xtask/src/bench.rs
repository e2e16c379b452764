//! `cargo xtask bench`: hands over to the load generator.

use std::process::ExitCode;

use crate::process;
use crate::workspace::Workspace;

/// Measure the app under load; everything after `bench` goes to the load generator
///
/// Builds `benches/load` with the release profile and runs it. `cargo xtask bench --help` shows the
/// load generator's own help.
#[derive(clap::Args)]
#[command(disable_help_flag = true)]
pub(crate) struct Arguments {
    /// What the load generator gets to see.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    forwarded: Vec<String>,
}

/// Runs the load generator to its end and ends as it ended.
pub(crate) fn run(workspace: &Workspace, arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let mut load = workspace.cargo();
    load.args(["run", "--quiet", "--release", "--package", "load", "--"]);
    load.args(&arguments.forwarded);
    let status = load
        .status()
        .map_err(|error| process::not_started(&load, &error))?;
    // Without a code it was ended by a signal, which is a failure here too.
    let code = status
        .code()
        .and_then(|code| u8::try_from(code).ok())
        .unwrap_or(1);
    Ok(ExitCode::from(code))
}
