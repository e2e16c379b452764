//! Debian packages, where there is apt.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::Command;

use super::install::Turn;
use crate::process;

/// Whether `apt-get` is here.
pub(super) fn is_here() -> bool {
    process::on_path("apt-get").is_some()
}

/// Whether this process may install packages: it runs as root, and `apt-get` is here.
pub(super) fn may_install() -> bool {
    let is_root = fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0);
    is_root && is_here()
}

/// Installs `packages` system-wide, and says so.
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

/// Fetches the lists of packages, which a container's image seldom has. Only root may.
pub(super) fn update() -> anyhow::Result<()> {
    process::run(Command::new("apt-get").args(["update", "--quiet=2"]))
}

/// Fetches `packages` and unpacks them below `folder`, installing nothing.
pub(super) fn unpack(packages: &[String], folder: &Path, turn: &Turn) -> anyhow::Result<()> {
    let mut download = Command::new("apt-get");
    // apt would fetch as its own user, who may not write here, and would warn about that.
    download.args([
        "download",
        "--quiet=2",
        "--option",
        "APT::Sandbox::User=root",
    ]);
    turn.run(download.args(packages).current_dir(folder))?;
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "deb") {
            turn.run(
                Command::new("dpkg")
                    .arg("-x")
                    .args([&path, &folder.join("root")]),
            )?;
            fs::remove_file(&path)?;
        }
    }
    Ok(())
}

/// The packages that `package` depends on, by name, those that are installed left out.
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
