//! What a developer types, and a pipeline: `cargo xtask start`, `test`, `package`, `deploy` and the rest.
//!
//! Imports run down this table only:
//!
//! | module | purpose |
//! |---|---|
//! | `start` | the app on this machine, with its database, storage and host; or only its services |
//! | `test` | every check in one command, and the count at its end |
//! | `release` | a version whose changelog, tag and `Cargo.toml` agree |
//! | `deploy` | a package into a function app, looked at, and taken back if it does not do |
//! | `helmfile` | what runs on an environment's cluster |
//! | `infra` | the checks of `infra/`, and Terraform's plans of an environment |
//! | `bench` | hands over to the load generator |
//! | `package` | the folder and the zip that Azure runs |
//! | `sbom` | what the packaged program is made of |
//! | `steps` | checks one after the other, reported and counted |
//! | `compile`, `layout`, `archive` | binary, files, bytes of the zip |
//! | `tools` | programs that are not crates: pinned, fetched once, never half there |
//! | `azure` | Azure, through its command line |
//! | `workspace`, `process`, `digest` | where things lie, running a program to its end, SHA-256 |

mod archive;
mod azure;
mod bench;
mod compile;
mod deploy;
mod digest;
#[cfg(test)]
mod documented;
mod helmfile;
mod infra;
mod layout;
mod package;
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
    Release(release::Arguments),
    Publish(deploy::PublishArguments),
    Smoke(deploy::SmokeArguments),
    Deploy(deploy::DeployArguments),
    Sbom(sbom::Arguments),
    Helmfile(helmfile::Arguments),
    Bench(bench::Arguments),
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
        Verb::Services(_) => start::services(&workspace),
        Verb::Test(_) => Ok(test::run(&workspace)),
        Verb::Infra(arguments) => infra::run(&workspace, &arguments),
        Verb::Package(_) => package::run(&workspace),
        Verb::Release(arguments) => release::run(&workspace, &arguments),
        Verb::Publish(arguments) => deploy::publish(&workspace, &arguments),
        Verb::Smoke(arguments) => deploy::smoke(&workspace, &arguments),
        Verb::Deploy(arguments) => deploy::deploy(&workspace, &arguments),
        Verb::Sbom(_) => sbom::run(&workspace),
        Verb::Helmfile(arguments) => helmfile::run(&workspace, &arguments),
        Verb::Bench(arguments) => bench::run(&workspace, &arguments),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::Cli;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
