//! `cargo xtask package`: the folder and the zip that Azure runs.

use std::fs;
use std::path::Path;
use std::process::ExitCode;

use anyhow::Context;

use crate::digest::sha256;
use crate::workspace::Workspace;
use crate::{archive, compile, layout};

/// Build the deployable app: the folder target/app and target/magnusapi.zip
///
/// Compiles a static x86-64 binary, puts it beside host.json and one folder for each function, and
/// zips that. The same commit gives the same bytes on every machine; sizes and SHA-256 are printed.
/// A C compiler (zig) is fetched once into target/tools.
#[derive(clap::Args)]
pub(crate) struct Arguments {}

/// Builds both and prints what they weigh.
pub(crate) fn run(workspace: &Workspace) -> anyhow::Result<ExitCode> {
    build(workspace)?;
    Ok(ExitCode::SUCCESS)
}

/// Builds [`Workspace::app`] and [`Workspace::zip`] and prints what they weigh.
pub(crate) fn build(workspace: &Workspace) -> anyhow::Result<()> {
    let binary = compile::static_release(workspace)?;
    let files = layout::collect(workspace.root(), &binary)?;
    layout::write(&files, &workspace.app())?;
    archive::write(&files, &workspace.zip())?;
    println!(
        "{}",
        weighed(workspace, &workspace.app().join(layout::BINARY))?
    );
    println!("{}", weighed(workspace, &workspace.zip())?);
    Ok(())
}

fn weighed(workspace: &Workspace, file: &Path) -> anyhow::Result<String> {
    let bytes = fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
    let name = workspace.shown(file);
    Ok(format!(
        "{name:<22} {:>10} bytes  sha256 {}",
        bytes.len(),
        sha256(&bytes)
    ))
}
