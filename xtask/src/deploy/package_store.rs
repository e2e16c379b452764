//! The packages that were deployed, kept in Blob: the platform itself keeps the last one alone, in
//! an account that nobody but the app reaches.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, bail};

use super::package::{Package, is_commit};
use crate::azure;

/// A container of the state account, which the pipeline writes to from wherever it runs.
pub(super) struct PackageStore<'a> {
    pub(super) account: &'a str,
    pub(super) container: &'a str,
    /// Where packages that are taken from it are put.
    pub(super) folder: PathBuf,
}

impl PackageStore<'_> {
    /// Keeps a package. One of the same commit is the same, so it may be overwritten.
    pub(super) fn keep(&self, package: &Package) -> anyhow::Result<()> {
        let file = package.path.to_string_lossy();
        let mut arguments = self.arguments("upload", &package.commit);
        arguments.extend(["--overwrite".into(), "--no-progress".into()]);
        arguments.extend(["--file".into(), file.into_owned()]);
        run(&arguments).with_context(|| format!("cannot keep the package of {}", package.commit))
    }

    /// Fetches the package of a commit that was deployed.
    pub(super) fn take(&self, commit: &str) -> anyhow::Result<Package> {
        if !is_commit(commit) {
            bail!("`{commit}` is no commit's whole name");
        }
        fs::create_dir_all(&self.folder)
            .with_context(|| format!("cannot create {}", self.folder.display()))?;
        let file = self.folder.join(format!("{commit}.zip"));
        let mut arguments = self.arguments("download", commit);
        arguments.push("--no-progress".into());
        arguments.extend(["--file".into(), file.to_string_lossy().into_owned()]);
        run(&arguments).with_context(|| format!("the package of {commit} was not kept"))?;
        let package = Package::read(&file)?;
        if package.commit != commit {
            bail!(
                "what was kept as the package of {commit} is of {}",
                package.commit
            );
        }
        Ok(package)
    }

    fn arguments(&self, verb: &str, commit: &str) -> Vec<String> {
        let name = format!("packages/{commit}.zip");
        let words = ["storage", "blob", verb, "--auth-mode", "login"];
        let place = [
            "--account-name",
            self.account,
            "--container-name",
            self.container,
            "--name",
            &name,
        ];
        words.into_iter().chain(place).map(str::to_owned).collect()
    }
}

fn run(arguments: &[String]) -> anyhow::Result<()> {
    azure::run(&arguments.iter().map(String::as_str).collect::<Vec<_>>())
}
