//! `cargo xtask infra plan` and `apply`: only a plan that was reviewed is applied.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context, bail};
use fs_err as fs;
use serde_json::{Value, json};

use super::environment::Environment;
use crate::digest::sha256;
use crate::process;
use crate::workspace::Workspace;

/// Plan an environment, show the plan, and save it for `apply`
///
/// Writes target/plans/<environment>.tfplan, and beside it a record with the plan's environment, commit and
/// SHA-256. Changes nothing. A plan contains the secrets of the state: protect it in the same way.
#[derive(clap::Args)]
pub(crate) struct PlanArguments {
    #[command(flatten)]
    place: Place,
    /// Do not lock the state: the identity that plans pull requests may not lock it
    #[arg(long)]
    no_lock: bool,
    /// Exit with 2 if the plan has changes: Azure differs from these files
    #[arg(long)]
    drift: bool,
    /// And open an issue with `gh`, unless one is open
    #[arg(long, requires = "drift")]
    open_issue: bool,
}

/// Apply a plan that `plan` saved, and no other
///
/// Refuses a plan of another environment or commit, and a file that has changed since it was saved. Terraform
/// itself refuses a plan if the state has changed since.
#[derive(clap::Args)]
pub(crate) struct ApplyArguments {
    #[command(flatten)]
    place: Place,
    /// Check the plan and show it, and change nothing
    #[arg(long)]
    dry_run: bool,
}

#[derive(clap::Args)]
struct Place {
    /// The environment: infra/terraform/environment/<environment>.tfvars
    environment: String,
    /// The storage account of the state: bootstrap's output `state_account`
    #[arg(long, env = "STATE_ACCOUNT")]
    state_account: Option<String>,
    /// The saved plan [default: target/plans/<environment>.tfplan]
    #[arg(long)]
    plan: Option<PathBuf>,
}

impl Place {
    fn plan(&self, workspace: &Workspace) -> PathBuf {
        let usual = || {
            let plans = workspace.target().join("plans");
            plans.join(format!("{}.tfplan", self.environment))
        };
        self.plan.clone().unwrap_or_else(usual)
    }

    /// The environment, ready to be planned or applied.
    fn prepare(&self, workspace: &Workspace) -> anyhow::Result<Environment> {
        let environment = Environment::parse(workspace, &self.environment)?;
        environment.init(self.state_account.as_deref())?;
        Ok(environment)
    }
}

pub(super) fn plan(workspace: &Workspace, arguments: &PlanArguments) -> anyhow::Result<ExitCode> {
    let environment = arguments.place.prepare(workspace)?;
    let path = arguments.place.plan(workspace);
    let folder = path.parent().unwrap_or(workspace.root());
    fs::create_dir_all(folder)?;
    let mut plan = environment.terraform(&["plan", "-input=false", "-detailed-exitcode"]);
    plan.args(environment.values());
    plan.arg(format!("-lock={}", !arguments.no_lock));
    plan.arg(format!("-out={}", absolute(&path)?.display()));
    let status = plan
        .status()
        .map_err(|error| process::not_started(&plan, &error))?;
    // With this flag, 0 means that there are no changes, and 2 a plan with changes.
    let changes = match status.code() {
        Some(0) => false,
        Some(2) => true,
        _ => return process::succeeded(&plan, status).map(|()| ExitCode::FAILURE),
    };
    let record = record(workspace, &environment.name, &path)?;
    fs::write(record_path(&path), format!("{record:#}\n"))?;
    let sha256 = record["sha256"].as_str().unwrap_or_default();
    println!("saved {} (sha256 {sha256})", workspace.shown(&path));
    if !(arguments.drift && changes) {
        return Ok(ExitCode::SUCCESS);
    }
    if arguments.open_issue {
        open_issue(&environment.name)?;
    }
    Ok(ExitCode::from(2))
}

/// Opens one issue for an environment, however long it has drifted. The issue does not contain the differences: a
/// plan may contain secrets, and more people can read issues than runs.
fn open_issue(environment: &str) -> anyhow::Result<()> {
    let title = format!("The environment {environment} has drifted");
    let open = process::stdout(Command::new("gh").args([
        "issue",
        "list",
        "--state",
        "open",
        "--limit",
        "1000",
        "--json",
        "title",
        "--jq",
        ".[].title",
    ]))?;
    if open.lines().any(|line| line == title) {
        println!("there is an open issue: {title}");
        return Ok(());
    }
    let body = format!(
        "Azure differs from infra/terraform. `cargo xtask infra plan {environment}` shows the difference: \
         apply the plan, or change infra/terraform."
    );
    process::run(Command::new("gh").args(["issue", "create", "--title", &title, "--body", &body]))
}

pub(super) fn apply(workspace: &Workspace, arguments: &ApplyArguments) -> anyhow::Result<ExitCode> {
    let path = arguments.place.plan(workspace);
    let saved = fs::read_to_string(record_path(&path))
        .context("`cargo xtask infra plan` writes a plan and its record")?;
    let saved: Value =
        serde_json::from_str(&saved).context("the record of the plan is not JSON")?;
    compare(
        &saved,
        &record(workspace, &arguments.place.environment, &path)?,
    )?;
    let environment = arguments.place.prepare(workspace)?;
    let plan = absolute(&path)?.display().to_string();
    process::run(&mut if arguments.dry_run {
        environment.terraform(&["show", "-no-color", &plan])
    } else {
        environment.terraform(&["apply", "-input=false", &plan])
    })?;
    Ok(ExitCode::SUCCESS)
}

/// The identity of a plan. `plan` saves it, and `apply` compares it.
fn record(workspace: &Workspace, environment: &str, plan: &Path) -> anyhow::Result<Value> {
    let bytes = fs::read(plan)?;
    let commit = process::stdout(workspace.git().args(["rev-parse", "HEAD"]))?;
    Ok(json!({ "environment": environment, "commit": commit, "sha256": sha256(&bytes) }))
}

fn compare(saved: &Value, found: &Value) -> anyhow::Result<()> {
    for (member, property) in [
        ("environment", "it is of the environment"),
        ("commit", "it was made of the commit"),
        ("sha256", "the file that was saved had the SHA-256"),
    ] {
        if saved[member] != found[member] {
            bail!(
                "this plan is not applied: {property} {}, and here is {}; plan again",
                saved[member],
                found[member]
            );
        }
    }
    Ok(())
}

fn record_path(plan: &Path) -> PathBuf {
    plan.with_added_extension("json")
}

/// Terraform works in another folder.
fn absolute(path: &Path) -> anyhow::Result<PathBuf> {
    std::path::absolute(path).with_context(|| format!("cannot find {}", path.display()))
}
