//! Debian packages.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::Command;

use super::install::Lock;
use crate::process;

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
