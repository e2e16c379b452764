//! Debian packages.

use std::env;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail};

use super::install::{Lock, Tool};
use crate::process;
use crate::workspace::Workspace;

/// A program that needs no library but the C one.
pub(crate) struct Program {
    pub(super) name: &'static str,
    pub(super) package: &'static str,
    /// The environment variable that names another copy.
    pub(super) variable: &'static str,
    /// The end of a sentence that begins with "it".
    pub(super) purpose: &'static str,
}

impl Program {
    /// The one that the variable names, else an installed one, else Debian's, unpacked into `target/tools`.
    pub(crate) fn install(&self, workspace: &Workspace) -> anyhow::Result<PathBuf> {
        let Program { name, package, .. } = self;
        if let Some(named) = env::var_os(self.variable) {
            return Ok(named.into());
        }
        if let Some(found) = process::on_path(name) {
            return Ok(found);
        }
        let executable = format!("root/usr/bin/{name}");
        let announcement = format!(
            "{name} from this system's apt archive into target/tools: it {}",
            self.purpose
        );
        let tool = Tool {
            name,
            announcement: &announcement,
            // The system's release decides which version there is.
            pins: &fs::read("/etc/os-release").unwrap_or_default(),
            proof: &executable,
        };
        let unpacked = tool.install(workspace, |folder, lock| self.unpack(folder, lock));
        let folder = unpacked.with_context(|| {
            format!(
                "on Debian or Ubuntu: sudo apt-get install {package}; elsewhere put {name} on PATH, or name it in {}",
                self.variable
            )
        })?;
        Ok(folder.join(executable))
    }

    fn unpack(&self, folder: &Path, lock: &Lock) -> anyhow::Result<()> {
        if !is_here() {
            bail!(
                "{} is not installed, and there is no apt-get to fetch it with",
                self.name
            );
        }
        if may_install() {
            update()?;
        }
        unpack(&[self.package.to_owned()], folder, lock)
    }
}

pub(super) fn is_here() -> bool {
    process::on_path("apt-get").is_some()
}

/// Whether this process may install packages: it runs as root, and `apt-get` is here.
pub(super) fn may_install() -> bool {
    let is_root = fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0);
    is_root && is_here()
}

/// Installs `packages` system-wide, after a line that says so.
pub(super) fn install(packages: &[&str], why: &str) -> anyhow::Result<()> {
    println!(
        "installing {} system-wide with apt-get: {why}",
        packages.join(" and ")
    );
    update()?;
    let mut install = Command::new("apt-get");
    install.env("DEBIAN_FRONTEND", "noninteractive");
    install
        .args(["install", "--quiet=2", "--yes", "--no-install-recommends"])
        .args(packages);
    process::run(&mut install)
}

/// Fetches the lists of packages, which container images usually lack. Needs root.
pub(super) fn update() -> anyhow::Result<()> {
    process::run(Command::new("apt-get").args(["update", "--quiet=2"]))
}

/// Fetches `packages` and unpacks them below `folder`, without installing them.
pub(super) fn unpack(packages: &[String], folder: &Path, lock: &Lock) -> anyhow::Result<()> {
    let mut download = Command::new("apt-get");
    // Otherwise apt fetches as its own user, who cannot write here, and prints a warning.
    download.args([
        "download",
        "--quiet=2",
        "--option",
        "APT::Sandbox::User=root",
    ]);
    lock.run(download.args(packages).current_dir(folder))?;
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "deb") {
            lock.run(
                Command::new("dpkg")
                    .arg("-x")
                    .args([&path, &folder.join("root")]),
            )?;
            fs::remove_file(&path)?;
        }
    }
    Ok(())
}

/// The names of the dependencies of `package` that are not installed.
pub(super) fn missing_dependencies(package: &str) -> anyhow::Result<Vec<String>> {
    let listed = process::stdout(Command::new("apt-cache").args(["depends", package]))?;
    let names = listed
        .lines()
        .filter_map(|line| line.trim().strip_prefix("Depends: "));
    Ok(names
        .filter(|name| !is_installed(name))
        .map(str::to_owned)
        .collect())
}

fn is_installed(package: &str) -> bool {
    process::succeeds(Command::new("dpkg").args(["-s", package]))
}
