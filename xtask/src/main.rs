//! `cargo xtask`: the commands of developers and of pipelines.
//!
//! Imports run down this table only:
//!
//! | module | purpose |
//! |---|---|
//! | `start` | runs the app on this machine, with its database, storage and host; or only its services |
//! | `test` | all checks and tests in one command |
//! | `dist` | the archives and images of a release |
//! | `release` | releases a version if changelog, tag and `Cargo.toml` agree |
//! | `deploy` | deploys a package, checks it, and puts the previous one back if a check fails |
//! | `helmfile` | applies `infra/helmfile` to an environment's cluster |
//! | `infra` | the checks of `infra/`, and Terraform's plans of an environment |
//! | `bench`, `peer` | runs the load generator; installs the servers that it compares with |
//! | `package` | the folder and the zip that Azure runs |
//! | `sbom` | the bill of materials of the packaged program |
//! | `steps` | runs, reports and counts checks |
//! | `layout` | the files of the app |
//! | `archive` | files, and archives of them |
//! | `compile` | the binaries |
//! | `tools` | programs that are not crates of the workspace: pinned, and installed once |
//! | `azure` | the command line of Azure |
//! | `workspace`, `process`, `digest` | folders, running a program to its end, SHA-256 |

mod archive;
mod azure;
mod bench;
mod compile;
mod deploy;
mod digest;
mod dist;
#[cfg(test)]
mod documented;
mod helmfile;
mod infra;
mod layout;
mod package;
mod peer;
mod process;
mod release;
mod sbom;
mod start;
mod steps;
mod test;
mod tools;
mod workspace;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use workspace::Workspace;

/// Start, test, package, measure, release and deploy the app.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    Start(start::Arguments),
    Services(start::ServicesArguments),
    Test(test::Arguments),
    Infra(infra::Arguments),
    Package(package::Arguments),
    Dist(dist::Arguments),
    Release(release::Arguments),
    Publish(deploy::PublishArguments),
    Smoke(deploy::SmokeArguments),
    Deploy(deploy::DeployArguments),
    Sbom(sbom::Arguments),
    Helmfile(helmfile::Arguments),
    Bench(bench::Arguments),
    #[command(hide = true)]
    Peer(peer::Arguments),
}

fn main() -> ExitCode {
    match run(Cli::parse()) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(cli: Cli) -> anyhow::Result<ExitCode> {
    let workspace = Workspace::locate()?;
    match cli.verb {
        Verb::Start(arguments) => start::run(&workspace, &arguments),
        Verb::Services(arguments) => start::services(&workspace, &arguments),
        Verb::Test(_) => Ok(test::run(&workspace)),
        Verb::Infra(arguments) => infra::run(&workspace, &arguments),
        Verb::Package(_) => package::run(&workspace),
        Verb::Dist(arguments) => dist::run(&workspace, &arguments),
        Verb::Release(arguments) => release::run(&workspace, &arguments),
        Verb::Publish(arguments) => deploy::publish(&workspace, &arguments),
        Verb::Smoke(arguments) => deploy::smoke(&workspace, &arguments),
        Verb::Deploy(arguments) => deploy::deploy(&workspace, &arguments),
        Verb::Sbom(_) => sbom::run(&workspace),
        Verb::Helmfile(arguments) => helmfile::run(&workspace, &arguments),
        Verb::Bench(arguments) => bench::run(&workspace, &arguments),
        Verb::Peer(arguments) => peer::run(&workspace, &arguments),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::Cli;

    #[test]
    fn command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
