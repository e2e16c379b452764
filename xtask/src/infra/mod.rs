//! `cargo xtask infra`: the checks of `infra/`, some of which are too slow for `cargo xtask test`; and Terraform's
//! plans of an environment.

mod checks;
mod environment;
mod plan;
mod scan;
mod terraform;
mod values;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Subcommand;

use crate::steps::{self, Step};
use crate::tools;
use crate::workspace::Workspace;
pub(crate) use environment::Environment;
pub(crate) use values::write as write_values;

/// Test infra/, scan it by policy, and test it with the real providers
///
/// The tests are those of `cargo xtask test`, with a stub in place of Terraform's providers. The other checks
/// need downloads. The last line is always "N passed, N failed".
#[derive(clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    verb: Option<Verb>,
    /// Also run the tests of infra/terraform with the providers from Terraform's registry, compare the stub's
    /// contract with them, and apply every environment to a stand-in for Azure
    #[arg(long)]
    real_providers: bool,
    /// Also fetch third-party charts at their pinned versions, render them with the values of infra/, and check its
    /// manifests against the kinds that they define; CHARTS names a folder of unpacked charts to use instead
    #[arg(long)]
    real_charts: bool,
}

#[derive(Subcommand)]
enum Verb {
    Plan(plan::PlanArguments),
    Apply(plan::ApplyArguments),
    Terraform(terraform::Arguments),
    Values(values::Arguments),
}

const STEPS: [Step; 3] = [
    Step {
        name: "tests",
        command: "cargo test --package infra-tests",
        run: checks::tests,
    },
    Step {
        name: "terraform scan",
        command: "checkov --directory infra/terraform",
        run: checks::scan_terraform,
    },
    Step {
        name: "kubernetes scan",
        command: "checkov --directory target/tmp/kubernetes",
        run: checks::scan_kubernetes,
    },
];

const REAL_PROVIDERS: Step = Step {
    name: "real providers",
    command: "TERRAFORM_PROVIDERS=registry cargo test --package infra-tests --test terraform -- --include-ignored",
    run: checks::real_providers,
};

const REAL_CHARTS: Step = Step {
    name: "real charts",
    command: "cargo test --package infra-tests --test kubernetes real_charts -- --include-ignored",
    run: checks::real_charts,
};

pub(crate) fn run(workspace: &Workspace, arguments: &Arguments) -> anyhow::Result<ExitCode> {
    match &arguments.verb {
        Some(Verb::Plan(arguments)) => plan::plan(workspace, arguments),
        Some(Verb::Apply(arguments)) => plan::apply(workspace, arguments),
        Some(Verb::Terraform(arguments)) => terraform::run(workspace, arguments),
        Some(Verb::Values(arguments)) => values::run(workspace, arguments),
        None => Ok(check(workspace, arguments)),
    }
}

/// Runs the steps, then prints the summary and the count.
fn check(workspace: &Workspace, arguments: &Arguments) -> ExitCode {
    let mut all = Vec::from(STEPS);
    all.extend(arguments.real_providers.then_some(REAL_PROVIDERS));
    all.extend(arguments.real_charts.then_some(REAL_CHARTS));
    steps::run(workspace, &all)
}

/// The programs that the tests of `infra/` need, by the variables that name them there.
pub(crate) fn programs(workspace: &Workspace) -> anyhow::Result<Vec<(&'static str, PathBuf)>> {
    Ok(vec![
        ("TERRAFORM", tools::terraform::install(workspace)?),
        ("TFPLUGIN_PYTHON", tools::TFPLUGIN.install(workspace)?),
        ("HELM", tools::HELM.install(workspace)?),
        (
            "KUBERNETES_VALIDATE",
            tools::KUBERNETES_VALIDATE.install(workspace)?,
        ),
        (
            "KUBERNETES_MODELS",
            tools::KUBERNETES_MODELS.install(workspace)?,
        ),
        (
            "CUSTOM_RESOURCES",
            tools::custom_resources::install(workspace)?,
        ),
        ("PROMTOOL", tools::PROMTOOL.install(workspace)?),
    ])
}
