//! Debian packages.

use std::env;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail};

use super::install::{Lock, Tool, script};
use crate::process;
use crate::workspace::Workspace;

/// A program of Debian's archive.
pub(crate) struct Program {
    pub(super) name: &'static str,
    pub(super) package: &'static str,
    /// The environment variable that names another copy.
    pub(super) variable: &'static str,
    /// The end of a sentence that begins with "it".
    pub(super) purpose: &'static str,
}

/// The folders of a system's programs. Only root has some of them on PATH.
const FOLDERS: [&str; 4] = ["usr/bin", "usr/sbin", "bin", "sbin"];

impl Program {
    /// The one that the variable names, else an installed one, else Debian's, unpacked into `target/tools`.
    pub(crate) fn install(&self, workspace: &Workspace) -> anyhow::Result<PathBuf> {
        let Program { name, package, .. } = self;
        if let Some(named) = env::var_os(self.variable) {
            return Ok(named.into());
        }
        let installed = process::on_path(name).or_else(|| self.below(Path::new("/")));
        if let Some(found) = installed {
            return Ok(found);
        }
        let announcement = format!(
            "{name} from this system's apt archive into target/tools: it {}",
            self.purpose
        );
        let tool = Tool {
            name,
            announcement: &announcement,
            // The system's release determines the version and the libraries.
            pins: &fs::read("/etc/os-release").unwrap_or_default(),
            proof: name,
        };
        let unpacked = tool.install(workspace, |folder, lock| self.unpack(folder, lock));
        let folder = unpacked.with_context(|| {
            format!(
                "on Debian or Ubuntu: sudo apt-get install {package}; elsewhere put {name} on PATH, or name it in {}",
                self.variable
            )
        })?;
        Ok(folder.join(name))
    }

    /// Its executable in a system's folders.
    fn below(&self, root: &Path) -> Option<PathBuf> {
        let candidates = FOLDERS.map(|folder| root.join(folder).join(self.name));
        candidates.into_iter().find(|it| process::is_executable(it))
    }

    /// Unpacks it with its libraries, and writes a script that finds them.
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
        let mut packages = missing_dependencies(self.package)?;
        // Libraries of JavaScript are for pages.
        packages.retain(|name| name.starts_with("lib") && !name.starts_with("libjs-"));
        packages.push(self.package.to_owned());
        unpack(&packages, folder, lock)?;
        let executable = self.below(&folder.join("root")).with_context(|| {
            format!(
                "Debian's package {} has no program {}",
                self.package, self.name
            )
        })?;
        let executable = executable.strip_prefix(folder)?.display().to_string();
        script(
            &folder.join(self.name),
            &SCRIPT.replace("EXECUTABLE", &executable),
        )
    }
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
