//! `cargo xtask helmfile`: applies infra/helmfile to an environment's cluster.

use std::path::Path;
use std::process::{Command, ExitCode};

use anyhow::Context;
use serde_json::Value;

use crate::azure;
use crate::infra::{self, Environment};
use crate::process;
use crate::workspace::Workspace;

/// Apply infra/helmfile to an environment's cluster
///
/// Writes Terraform's outputs for Helmfile, gets credentials for the cluster into target/kubeconfig, and runs
/// Helmfile. After an apply it compares the labels of the live namespaces. Needs `az login`, kubelogin,
/// kubectl, Helmfile, Helm and its plugin diff, and an address that the cluster's API admits.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// A folder of infra/helmfile/environments
    environment: String,
    /// The storage account of Terraform's state: bootstrap's output `state_account`
    #[arg(long, env = "STATE_ACCOUNT")]
    state_account: Option<String>,
    /// Show the differences on the cluster, and change nothing
    #[arg(long)]
    dry_run: bool,
}

pub(crate) fn run(workspace: &Workspace, arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let environment = Environment::parse(workspace, &arguments.environment)?;
    environment.init(arguments.state_account.as_deref())?;
    let values = infra::write_values(workspace, &environment)?;
    let kubeconfig = workspace.target().join("kubeconfig");
    log_in(&values, &kubeconfig)?;
    let verb = if arguments.dry_run { "diff" } else { "apply" };
    let mut helmfile = Command::new("helmfile");
    helmfile
        .args(["--environment", &environment.name, verb])
        .current_dir(workspace.root().join("infra/helmfile"))
        .env("KUBECONFIG", &kubeconfig);
    process::run(&mut helmfile)?;
    if !arguments.dry_run {
        compare_namespaces(workspace, &environment.name, &values, &kubeconfig)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Fails if a namespace lacks labels of its chart: Pod Security, the right to use the gateway. Helm's own
/// difference compares records of releases, and does not see later changes of the objects.
fn compare_namespaces(
    workspace: &Workspace,
    environment: &str,
    values: &Value,
    kubeconfig: &Path,
) -> anyhow::Result<()> {
    let mut template = Command::new("helmfile");
    template
        .args(["--environment", environment, "--quiet"])
        .args(["--selector", "tier=namespaces", "template"])
        .current_dir(workspace.root().join("infra/helmfile"))
        .env("KUBECONFIG", kubeconfig);
    let manifests = process::stdout(&mut template)?;
    let mut diff = Command::new("kubectl");
    diff.args(["--context", text(values, "contextName")?, "diff"])
        .args(["--server-side", "--force-conflicts", "--field-manager=helm"])
        .args(["--filename", "-"])
        .env("KUBECONFIG", kubeconfig);
    process::fed(&mut diff, &manifests).with_context(|| {
        format!(
            "the namespaces differ from infra/helmfile (above: - the cluster, + the files); restore them with \
             `helmfile --environment {environment} --selector tier=namespaces sync`"
        )
    })
}

/// Uses a separate file, so that the configuration of kubectl on this machine stays as it is.
fn log_in(values: &Value, kubeconfig: &Path) -> anyhow::Result<()> {
    let value = |name: &str| text(values, name);
    let file = kubeconfig.display().to_string();
    azure::run(&[
        "aks",
        "get-credentials",
        "--subscription",
        value("subscriptionId")?,
        "--resource-group",
        value("clusterResourceGroup")?,
        "--name",
        value("clusterName")?,
        "--context",
        value("contextName")?,
        "--file",
        &file,
        "--overwrite-existing",
    ])?;
    let mut kubelogin = Command::new("kubelogin");
    kubelogin.args(["convert-kubeconfig", "--login", "azurecli"]);
    process::run(kubelogin.env("KUBECONFIG", kubeconfig))
}

fn text<'a>(values: &'a Value, name: &str) -> anyhow::Result<&'a str> {
    let value = values[name].as_str();
    value.with_context(|| format!("Terraform's output helmfile has no {name}"))
}
