//! `cargo xtask infra`: the checks of `infra/` that are too heavy for `cargo xtask test`; and below it
//! what is done with an environment.

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
/// The tests are those of `cargo xtask test`, which puts a stub in the place of Terraform's providers.
/// The rest is what is slow to fetch. The last line is always "N passed, N failed".
#[derive(clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    verb: Option<Verb>,
    /// Also run the tests of infra/terraform with the providers from Terraform's registry, compare the stub's
    /// contract with them, and apply every environment to a stand-in for Azure
    #[arg(long)]
    real_providers: bool,
    /// Also fetch the charts of others at their pinned versions, render them with our values, and check our
    /// manifests against the kinds that they bring; CHARTS names a folder of unpacked charts to use instead
    #[arg(long)]
    real_charts: bool,
}

/// What is done with an environment.
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
        what: "cargo test --package infra-tests",
        run: checks::tests,
    },
    Step {
        name: "terraform scan",
        what: "checkov --directory infra/terraform",
        run: checks::scan_terraform,
    },
    Step {
        name: "kubernetes scan",
        what: "checkov --directory target/tmp/kubernetes",
        run: checks::scan_kubernetes,
    },
];

const REAL_PROVIDERS: [Step; 1] = [Step {
    name: "real providers",
    what: "TERRAFORM_PROVIDERS=registry cargo test --package infra-tests --test terraform -- --include-ignored",
    run: checks::real_providers,
}];

const REAL_CHARTS: [Step; 1] = [Step {
    name: "real charts",
    what: "cargo test --package infra-tests --test kubernetes real_charts -- --include-ignored",
    run: checks::real_charts,
}];

/// Does what the verb says, or checks.
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
    if arguments.real_providers {
        all.extend(REAL_PROVIDERS);
    }
    if arguments.real_charts {
        all.extend(REAL_CHARTS);
    }
    steps::run(workspace, &all)
}

/// The programs that the tests of `infra/` need, by the variables that name them there.
pub(crate) fn programs(workspace: &Workspace) -> anyhow::Result<Vec<(&'static str, PathBuf)>> {
    Ok(vec![
        ("TERRAFORM", tools::terraform::install(workspace)?),
        ("TFPLUGIN_PYTHON", tools::tfplugin::install(workspace)?),
        ("HELM", tools::helm::install(workspace)?),
        (
            "KUBERNETES_VALIDATE",
            tools::kubernetes_validate::install(workspace)?,
        ),
        (
            "KUBERNETES_MODELS",
            tools::kubernetes_models::install(workspace)?,
        ),
    ])
}
