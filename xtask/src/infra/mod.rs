//! `cargo xtask infra`: the checks of `infra/` that are too heavy for `cargo xtask test`.

mod checks;
mod scan;

use std::path::PathBuf;
use std::process::ExitCode;

use crate::steps::{self, Step};
use crate::tools;
use crate::workspace::Workspace;

/// Test infra/, scan it by policy, and test it with the real providers
///
/// The tests are those of `cargo xtask test`, which puts a stub in the place of Terraform's providers.
/// The rest is what is slow to fetch. The last line is always "N passed, N failed".
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Also run the tests of infra/terraform with the providers from Terraform's registry, and hold the
    /// stub's contract against them
    #[arg(long)]
    real_providers: bool,
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
    what: "TERRAFORM_PROVIDERS=registry cargo test --package infra-tests --test terraform",
    run: checks::real_providers,
}];

/// Runs the steps, then prints the summary and the count.
pub(crate) fn run(workspace: &Workspace, arguments: &Arguments) -> ExitCode {
    let mut all = Vec::from(STEPS);
    if arguments.real_providers {
        all.extend(REAL_PROVIDERS);
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
