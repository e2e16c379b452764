//! `cargo xtask release`: releases a version if changelog, tag and `Cargo.toml` agree.

mod changelog;

use std::process::ExitCode;

use anyhow::bail;
use fs_err as fs;

use crate::process;
use crate::workspace::{VERSION, Workspace};

/// Release the version in Cargo.toml: compare it with CHANGELOG.md, tag the commit, push the tag
///
/// The newest section of CHANGELOG.md must be that of the version, with a date, and "Unreleased" must be empty; a
/// tag `v…` on the commit must be the version's. Prints the section, which is the text of the release. The pushed
/// tag starts the pipeline that builds and publishes it.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Only compare and print, as the pipeline does with a tagged commit
    #[arg(long)]
    check: bool,
    /// Compare, and print the commands that would tag and push
    #[arg(long, conflicts_with = "check")]
    dry_run: bool,
}

pub(crate) fn run(workspace: &Workspace, arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let text = fs::read_to_string(workspace.root().join("CHANGELOG.md"))?;
    let section = changelog::section(&text, VERSION)?;
    let tag = format!("v{VERSION}");
    let is_tagged = is_tagged(workspace, &tag)?;
    println!("{section}");
    if !arguments.check {
        if is_tagged {
            bail!("this commit is tagged {tag} already: push it with `git push origin {tag}`");
        }
        publish_tag(workspace, &tag, arguments.dry_run)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Whether HEAD has `tag`. Another version's tag on it is an error.
fn is_tagged(workspace: &Workspace, tag: &str) -> anyhow::Result<bool> {
    let tags = process::stdout(workspace.git().args(["tag", "--points-at", "HEAD"]))?;
    let mut versions = tags.lines().filter(|name| name.starts_with('v'));
    if let Some(other) = versions.clone().find(|name| *name != tag) {
        bail!(
            "this commit is tagged {other}, and Cargo.toml says {VERSION}: correct the wrong one; \
             `git tag --delete {other}` deletes the tag"
        );
    }
    Ok(versions.next().is_some())
}

fn publish_tag(workspace: &Workspace, tag: &str, dry_run: bool) -> anyhow::Result<()> {
    let changes = process::stdout(workspace.git().args(["status", "--porcelain"]))?;
    if !changes.is_empty() {
        bail!("commit these changes first, because a release is made from a commit:\n{changes}");
    }
    let mut make = workspace.git();
    make.args(["tag", "--annotate", "--message", tag, tag]);
    let mut push = workspace.git();
    push.args(["push", "origin", tag]);
    for command in [&mut make, &mut push] {
        if dry_run {
            eprintln!("would run `{}`", process::line(command));
        } else {
            process::run(command)?;
        }
    }
    Ok(())
}
