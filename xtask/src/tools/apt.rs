//! Debian packages.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::bail;
use fs_err as fs;

use super::install::{Lock, script};
use crate::process;

/// The folders of a system's programs.
const FOLDERS: [&str; 4] = ["usr/bin", "usr/sbin", "bin", "sbin"];

/// The executable of this name below the root of a system.
pub(super) fn executable(root: &Path, name: &str) -> Option<PathBuf> {
    let candidates = FOLDERS.map(|folder| root.join(folder).join(name));
    candidates.into_iter().find(|it| process::is_executable(it))
}

/// Unpacks a package with its libraries. If it has a program of this name, a script of this name runs that with the
/// libraries.
pub(super) fn fill(name: &str, package: &str, folder: &Path, lock: &Lock) -> anyhow::Result<()> {
    if !is_here() {
        bail!("{name} is not installed, and there is no apt-get to fetch it with");
    }
    if may_install() {
        update()?;
    }
    let mut packages = missing_dependencies(package)?;
    // Libraries of JavaScript are for pages.
    packages.retain(|name| name.starts_with("lib") && !name.starts_with("libjs-"));
    packages.push(package.to_owned());
    unpack(&packages, folder, lock)?;
    let Some(executable) = executable(&folder.join("root"), name) else {
        return Ok(());
    };
    let executable = executable.strip_prefix(folder)?.display().to_string();
    script(
        &folder.join(name),
        &SCRIPT.replace("EXECUTABLE", &executable),
    )
}

/// The libraries are in the folder of their architecture.
const SCRIPT: &str = r#"#!/bin/sh
here=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd)
for folder in "$here"/root/usr/lib/*-linux-gnu*/ "$here"/root/lib/*-linux-gnu*/; do
    LD_LIBRARY_PATH=$folder${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
done
export LD_LIBRARY_PATH
exec "$here/EXECUTABLE" "$@"
"#;

fn is_here() -> bool {
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
fn update() -> anyhow::Result<()> {
    process::run(Command::new("apt-get").args(["update", "--quiet=2"]))
}

/// Fetches `packages` and unpacks them below `folder`, without installing them.
fn unpack(packages: &[String], folder: &Path, lock: &Lock) -> anyhow::Result<()> {
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
fn missing_dependencies(package: &str) -> anyhow::Result<Vec<String>> {
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
