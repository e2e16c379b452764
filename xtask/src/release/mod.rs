//! `cargo xtask release`: a version is released once changelog, tag and `Cargo.toml` say the same.

mod changelog;

use std::fs;
use std::process::{Command, ExitCode};

use anyhow::{Context, bail};

use crate::process;
use crate::workspace::Workspace;

/// The one version there is: that of the workspace, which this crate has too.
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Release the version in Cargo.toml: compare it with CHANGELOG.md, tag the commit, push the tag
///
/// The newest section of CHANGELOG.md must be that of the version, with its date, and nothing may be
/// left under "Unreleased"; a tag `v…` on the commit must be the version's. The section is printed: it
/// is the text of the release. The pushed tag starts the pipeline that builds and publishes it.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Compare and print, and no more: what the pipeline does with a commit that is tagged
    #[arg(long)]
    check: bool,
    /// Compare, and print the commands that would tag and push
    #[arg(long, conflicts_with = "check")]
    dry_run: bool,
}

/// Compares, prints the section, and tags unless that is not wanted.
pub(crate) fn run(workspace: &Workspace, arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let path = workspace.root().join("CHANGELOG.md");
    let text =
        fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
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

/// Whether HEAD carries `tag`. Another version's tag on it is an error.
fn is_tagged(workspace: &Workspace, tag: &str) -> anyhow::Result<bool> {
    let tags = process::stdout(git(workspace).args(["tag", "--points-at", "HEAD"]))?;
    let mut versions = tags.lines().filter(|name| name.starts_with('v'));
    if let Some(other) = versions.clone().find(|name| *name != tag) {
        bail!(
            "this commit is tagged {other}, and Cargo.toml says {VERSION}: mend the one that is wrong; a \
             tag goes with `git tag --delete {other}`"
        );
    }
    Ok(versions.next().is_some())
}

fn publish_tag(workspace: &Workspace, tag: &str, dry_run: bool) -> anyhow::Result<()> {
    let changes = process::stdout(git(workspace).args(["status", "--porcelain"]))?;
    if !changes.is_empty() {
        bail!("there are changes that no commit has, and a release is of a commit:\n{changes}");
    }
    let mut make = git(workspace);
    make.args(["tag", "--annotate", "--message", tag, tag]);
    let mut push = git(workspace);
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

fn git(workspace: &Workspace) -> Command {
    let mut git = Command::new("git");
    git.current_dir(workspace.root());
    git
}
