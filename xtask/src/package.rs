//! `cargo xtask package`: builds the folder and the zip that Azure runs.

use std::process::{Command, ExitCode};

use anyhow::Context;
use fs_err as fs;

use crate::archive::{self, Entry};
use crate::compile::Target;
use crate::workspace::Workspace;
use crate::{compile, digest, layout, process};

/// Build the deployable app: the folder target/app and target/magnusapi.zip
///
/// Compiles a static x86-64 binary, puts it beside host.json and one folder for each function, and
/// zips them. `magnusapi doctor` checks the app first: a package that the Functions host would not run is
/// rejected. The same commit gives the same bytes on every machine; sizes and SHA-256 are printed.
/// A C compiler (zig) is fetched once into target/tools.
#[derive(clap::Args)]
pub(crate) struct Arguments {}

pub(crate) fn run(workspace: &Workspace) -> anyhow::Result<ExitCode> {
    build(workspace)?;
    Ok(ExitCode::SUCCESS)
}

/// Builds [`Workspace::app`] and [`Workspace::zip`], and prints their sizes.
pub(crate) fn build(workspace: &Workspace) -> anyhow::Result<()> {
    let binary = compile::static_release(workspace, Target::X86_64)?;
    let files = layout::collect(workspace.root(), &binary).context("the app lacks a file")?;
    write(&files, workspace)?;
    digest::report(workspace, &workspace.app().join(layout::BINARY))?;
    digest::report(workspace, &workspace.zip())?;
    Ok(())
}

/// Writes the folder and the zip, if the program's doctor finds no fault in the app.
fn write(files: &[Entry], workspace: &Workspace) -> anyhow::Result<()> {
    check(files, workspace).context(
        "the app was not packaged, because the Functions host would not run it; \
         an earlier package is still there",
    )?;
    layout::write(files, &workspace.app())?;
    let aside = workspace.zip().with_extension("zip.new");
    fs::write(&aside, archive::zip(files)?)?;
    Ok(fs::rename(aside, workspace.zip())?)
}

/// The packaged program is static, so it runs on any Linux of its architecture.
fn check(files: &[Entry], workspace: &Workspace) -> anyhow::Result<()> {
    let folder = tempfile::tempdir_in(workspace.target())
        .context("cannot create a temporary folder for the app")?;
    let app = folder.path().join("app");
    layout::write(files, &app)?;
    let mut doctor = Command::new(app.join(layout::BINARY));
    process::run(doctor.arg("doctor").arg(&app))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Packages an app whose program is this script, beside an earlier package.
    fn packaged(script: &str) -> (tempfile::TempDir, anyhow::Result<()>) {
        let root = tempfile::tempdir().unwrap();
        let workspace = Workspace::at(root.path(), &root.path().join("target"));
        fs::create_dir_all(workspace.app()).unwrap();
        fs::write(workspace.app().join("earlier"), "").unwrap();
        fs::write(workspace.zip(), "earlier").unwrap();
        let program = Entry::program(layout::BINARY, format!("#!/bin/sh\n{script}\n"));
        let done = write(&[program], &workspace);
        (root, done)
    }

    #[test]
    fn rejected_app_is_not_packaged_and_the_earlier_package_stays() {
        let (root, done) = packaged("exit 1");
        let error = format!("{:#}", done.unwrap_err());
        assert!(error.contains("the app was not packaged"), "{error}");
        assert!(error.contains("magnusapi doctor"), "{error}");
        let target = root.path().join("target");
        assert!(target.join("app/earlier").exists());
        assert_eq!(fs::read(target.join("magnusapi.zip")).unwrap(), b"earlier");
        assert_eq!(fs::read_dir(target).unwrap().count(), 2);
    }

    #[test]
    fn doctor_examines_the_whole_app_before_it_is_packaged() {
        let script = "[ \"$1\" = doctor ] && [ -x \"$2/magnusapi\" ]";
        let (root, done) = packaged(script);
        done.unwrap();
        let target = root.path().join("target");
        assert!(!target.join("app/earlier").exists());
        assert!(target.join("app/magnusapi").exists());
        assert!(fs::metadata(target.join("magnusapi.zip")).unwrap().len() > 100);
    }
}
