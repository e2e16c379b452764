//! The packages that were deployed, stored in Blob: the platform itself stores only the last one, in an account
//! that only the app can reach.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, bail};

use super::package::{Package, is_commit};
use crate::azure;

/// A container of the state account, which every pipeline can reach.
pub(super) struct PackageStore<'a> {
    pub(super) account: &'a str,
    pub(super) container: &'a str,
    /// The folder for fetched packages.
    pub(super) folder: PathBuf,
}

impl PackageStore<'_> {
    /// Stores a package. Packages of one commit are equal, so it may overwrite one.
    pub(super) fn store(&self, package: &Package) -> anyhow::Result<()> {
        let file = package.path.to_string_lossy();
        let mut arguments = self.arguments("upload", &package.commit);
        arguments.extend(["--overwrite".into(), "--no-progress".into()]);
        arguments.extend(["--file".into(), file.into_owned()]);
        run(&arguments).with_context(|| format!("cannot store the package of {}", package.commit))
    }

    /// Fetches the package of a commit that was deployed.
    pub(super) fn fetch(&self, commit: &str) -> anyhow::Result<Package> {
        if !is_commit(commit) {
            bail!("`{commit}` is not a full commit id");
        }
        fs::create_dir_all(&self.folder)
            .with_context(|| format!("cannot create {}", self.folder.display()))?;
        let file = self.folder.join(format!("{commit}.zip"));
        let mut arguments = self.arguments("download", commit);
        arguments.push("--no-progress".into());
        arguments.extend(["--file".into(), file.to_string_lossy().into_owned()]);
        run(&arguments).with_context(|| format!("cannot fetch the package of {commit}"))?;
        let package = Package::read(&file)?;
        if package.commit != commit {
            bail!(
                "the package that is stored for {commit} is of {}",
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
