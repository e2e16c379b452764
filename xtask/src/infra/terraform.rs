//! `cargo xtask infra terraform`: any command of Terraform in an environment.

use std::process::ExitCode;

use super::environment::Environment;
use crate::process;
use crate::workspace::Workspace;

/// Commands of Terraform that read values of variables.
const TAKE_VALUES: [&str; 6] = ["apply", "console", "destroy", "import", "plan", "refresh"];

/// Run a command of Terraform with an environment's state and values, such as `output -raw api_url` or `destroy`
///
/// Selects the state first. To change an environment, prefer `infra plan` and `infra apply`: they apply the plan
/// that you have read.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The storage account of the state: bootstrap's output `state_account`
    #[arg(long, env = "STATE_ACCOUNT")]
    state_account: Option<String>,
    /// The environment: infra/terraform/environment/<environment>.tfvars
    environment: String,
    /// The command of Terraform
    command: String,
    /// Its options and arguments
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    options: Vec<String>,
}

pub(super) fn run(workspace: &Workspace, arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let environment = Environment::parse(workspace, &arguments.environment)?;
    environment.init(arguments.state_account.as_deref())?;
    let mut terraform = environment.terraform(&[&arguments.command]);
    if TAKE_VALUES.contains(&arguments.command.as_str()) {
        terraform.args(environment.values());
    }
    process::run(terraform.args(&arguments.options))?;
    Ok(ExitCode::SUCCESS)
}
