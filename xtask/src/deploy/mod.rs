//! `cargo xtask publish`, `smoke` and `deploy`: a package is deployed to a function app, checked from outside,
//! and replaced by the previous one if a check fails.

mod http;
mod package;
mod package_store;
mod publish;
mod site;
mod smoke;
mod target;
mod tick;
mod wait;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{anyhow, bail};

use crate::infra::Environment;
use crate::workspace::Workspace;
use package::Package;
use package_store::PackageStore;
use smoke::{Expected, Health};
use target::Target;

/// Publish a package to an environment's app, and synchronise its triggers
///
/// Sends the zip to the app's deployment site, waits until it is deployed, and synchronises the
/// triggers. The site admits only the addresses that infra/ names: if it refuses this machine, it is opened
/// for the address that it reports, and closed again. Needs `az login`.
#[derive(clap::Args)]
pub(crate) struct PublishArguments {
    #[command(flatten)]
    common: Common,
    /// Print the package and the app, and change nothing
    #[arg(long)]
    dry_run: bool,
}

/// Check from outside that an environment runs a package and works
///
/// Through Front Door: /health must report the package's commit, and an item must be created, read and
/// deleted. Through the Resource Manager: every function of the package must be listed, the timers
/// among them. Repeats the checks until all pass or the time is over. Then it waits until /health reports a
/// successful run of a timer for a slot that was not due before.
#[derive(clap::Args)]
pub(crate) struct SmokeArguments {
    #[command(flatten)]
    common: Common,
    #[command(flatten)]
    tick: Tick,
}

/// Publish a package, check it, and put the previous one back if a check fails
///
/// `publish`, then `smoke`, in which checks may fail that failed before. Every package is stored first, as
/// packages/<commit>.zip in the environment's container of the state account; the previous one is that of the
/// commit that /health reports. A deployment that was replaced by the previous one ends as a failure. To go back
/// later, name a commit that was deployed.
#[derive(clap::Args)]
pub(crate) struct DeployArguments {
    #[command(flatten)]
    common: Common,
    #[command(flatten)]
    tick: Tick,
    /// Deploy the stored package of this commit, in place of --package
    #[arg(long, conflicts_with = "package")]
    commit: Option<String>,
    /// The storage account of Terraform's state: bootstrap's output `state_account`
    #[arg(long, env = "STATE_ACCOUNT")]
    state_account: String,
    /// Print the package and the app, and change nothing
    #[arg(long)]
    dry_run: bool,
}

/// The arguments of all three verbs.
#[derive(clap::Args)]
struct Common {
    /// The environment, whose state an earlier `cargo xtask infra` command selected
    environment: String,
    /// The zip [default: target/magnusapi.zip]
    #[arg(long)]
    package: Option<PathBuf>,
    /// The deployment site's address [default: the one that Azure reports]
    #[arg(long)]
    deployment_site: Option<String>,
    /// Seconds to wait for a deployment, and again for everything to work
    #[arg(long, default_value_t = 600)]
    timeout: u64,
}

/// The default is longer than the interval of the timer functions that run most often, `scale` and `item_housekeeping`.
#[derive(clap::Args)]
struct Tick {
    /// Seconds to wait for a run of a timer function; 0 omits this check
    #[arg(long, default_value_t = 720)]
    tick_timeout: u64,
}

impl Tick {
    fn timeout(&self) -> Duration {
        Duration::from_secs(self.tick_timeout)
    }
}

impl Common {
    fn package(&self, workspace: &Workspace) -> anyhow::Result<Package> {
        let path = self.package.clone().unwrap_or_else(|| workspace.zip());
        Package::read(&path)
    }

    fn timeout(&self) -> Duration {
        Duration::from_secs(self.timeout)
    }
}

pub(crate) fn publish(
    workspace: &Workspace,
    arguments: &PublishArguments,
) -> anyhow::Result<ExitCode> {
    let package = arguments.common.package(workspace)?;
    let target = Target::of(workspace, &arguments.common)?;
    println!("{package} to {target}");
    if !arguments.dry_run {
        publish::publish(&package, &target)?;
    }
    Ok(ExitCode::SUCCESS)
}

pub(crate) fn smoke(workspace: &Workspace, arguments: &SmokeArguments) -> anyhow::Result<ExitCode> {
    let package = arguments.common.package(workspace)?;
    let target = Target::of(workspace, &arguments.common)?;
    let expected = Expected {
        known: &[],
        tick: arguments.tick.timeout(),
    };
    smoke::smoke(&package, &target, expected)?;
    Ok(ExitCode::SUCCESS)
}

pub(crate) fn deploy(
    workspace: &Workspace,
    arguments: &DeployArguments,
) -> anyhow::Result<ExitCode> {
    let store = PackageStore {
        account: &arguments.state_account,
        container: &arguments.common.environment,
        folder: workspace.target().join("packages"),
    };
    // A pipeline that deploys an earlier commit has not initialised Terraform.
    Environment::parse(workspace, &arguments.common.environment)?
        .init(Some(&arguments.state_account))?;
    let target = Target::of(workspace, &arguments.common)?;
    let package = match &arguments.commit {
        Some(commit) => store.fetch(commit)?,
        None => arguments.common.package(workspace)?,
    };
    println!("{package} to {target}");
    let before = smoke::health(&target);
    let previous = previous(&store, before.as_ref().ok(), &package);
    if arguments.dry_run {
        return Ok(ExitCode::SUCCESS);
    }
    if arguments.commit.is_none() {
        store.store(&package)?;
    }
    let expected = Expected {
        known: before
            .as_ref()
            .map_or(&[][..], |health| health.failing.as_slice()),
        tick: arguments.tick.timeout(),
    };
    let Err(error) = publish_and_check(&package, &target, expected) else {
        return Ok(ExitCode::SUCCESS);
    };
    eprintln!("{error:#}");
    let put_back = match (&previous, &before) {
        (Ok(previous), Ok(before)) => put_back(previous, &target, before, expected),
        (Err(reason), _) | (_, Err(reason)) => format!("nothing was put back: {reason:#}"),
    };
    bail!("{} is not deployed: {error:#}\n{put_back}", package.commit)
}

fn publish_and_check(package: &Package, target: &Target, expected: Expected) -> anyhow::Result<()> {
    publish::publish(package, target)?;
    smoke::smoke(package, target, expected)
}

/// The package that runs now, or the reason for which it cannot be put back.
fn previous(
    store: &PackageStore,
    running: Option<&Health>,
    package: &Package,
) -> anyhow::Result<Package> {
    let previous = match running {
        None => Err(anyhow!("/health did not respond before")),
        Some(health) if health.commit == package.commit => {
            Err(anyhow!("the same commit ran before"))
        }
        Some(health) => store.fetch(&health.commit),
    };
    match &previous {
        Ok(previous) => println!("if it fails, this is put back: {previous}"),
        Err(reason) => println!("if it fails, nothing can be put back: {reason:#}"),
    }
    previous
}

/// Puts `previous` back and returns the result as text. A program does not start on a database that a newer one
/// has migrated, so the newer one stays then.
fn put_back(previous: &Package, target: &Target, before: &Health, expected: Expected) -> String {
    let schema = smoke::health(target).ok().and_then(|health| health.schema);
    if let (Some(before), Some(now)) = (before.schema, schema)
        && now > before
    {
        return format!(
            "{} was not put back: the database went from schema {before} to {now}, which it does not \
             know; repair the newer program and deploy that",
            previous.commit
        );
    }
    match publish_and_check(previous, target, expected) {
        Ok(()) => format!("{} was put back, and works", previous.commit),
        Err(error) => format!("putting {} back failed too: {error:#}", previous.commit),
    }
}
