//! The packages that were deployed, stored in Blob: the platform itself stores only the last one, in an account
//! that only the app can reach.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use fs_err as fs;

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
        self.blob("upload", &package.commit, &package.path, &["--overwrite"])
            .with_context(|| format!("cannot store the package of {}", package.commit))
    }

    /// Fetches the package of a commit that was deployed.
    pub(super) fn fetch(&self, commit: &str) -> anyhow::Result<Package> {
        if !is_commit(commit) {
            bail!("`{commit}` is not a full commit id");
        }
        fs::create_dir_all(&self.folder)?;
        let file = self.folder.join(format!("{commit}.zip"));
        self.blob("download", commit, &file, &[])
            .with_context(|| format!("cannot fetch the package of {commit}"))?;
        let package = Package::read(&file)?;
        if package.commit != commit {
            bail!(
                "the package that is stored for {commit} is of {}",
                package.commit
            );
        }
        Ok(package)
    }

    fn blob(&self, verb: &str, commit: &str, file: &Path, more: &[&str]) -> anyhow::Result<()> {
        let (name, file) = (format!("packages/{commit}.zip"), file.to_string_lossy());
        let words = ["storage", "blob", verb, "--auth-mode", "login"];
        let account = ["--account-name", self.account];
        let container = ["--container-name", self.container];
        let rest = ["--name", &name, "--no-progress", "--file", &file];
        azure::run(&[&words[..], &account, &container, &rest, more].concat())
    }
}
