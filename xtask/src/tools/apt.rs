//! Debian packages, unpacked and not installed.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::bail;
use fs_err as fs;

use super::install::{self, Lock, script};
use crate::process;
use crate::workspace::Workspace;

/// The folders of a system's programs.
const FOLDERS: [&str; 4] = ["usr/bin", "usr/sbin", "bin", "sbin"];

/// The executable of this name below the root of a system.
pub(super) fn executable(root: &Path, name: &str) -> Option<PathBuf> {
    let candidates = FOLDERS.map(|folder| root.join(folder).join(name));
    candidates.into_iter().find(|it| process::is_executable(it))
}

/// The system's release, which determines the version and the libraries of a package.
pub(super) fn pins(workspace: &Workspace) -> Vec<u8> {
    let release = fs::read("/etc/os-release").unwrap_or_default();
    install::with_place(workspace, &release)
}

/// Unpacks a package with its parts and libraries. If it has a program of this name, a script of this name runs that with the
/// libraries.
pub(super) fn fill(
    workspace: &Workspace,
    name: &str,
    package: &str,
    folder: &Path,
    lock: &Lock,
) -> anyhow::Result<()> {
    Archive::open(workspace, lock)?.unpack(package, folder, |name| name.starts_with(package))?;
    let Some(executable) = executable(&folder.join("root"), name) else {
        return Ok(());
    };
    script(&folder.join(name), &with_libraries(folder, &executable))
}

/// A script that runs `executable` with the libraries that were unpacked into `folder`, under the name by which the
/// script was called: Python finds its environment by that. The shell `sh` cannot give a name.
pub(super) fn with_libraries(folder: &Path, executable: &Path) -> String {
    SCRIPT
        .replace("FOLDER", &folder.display().to_string())
        .replace("EXECUTABLE", &executable.display().to_string())
}

/// The libraries are in the folder of their architecture.
const SCRIPT: &str = r#"#!/bin/bash
shopt -s nullglob
for folder in "FOLDER"/root/{usr/,}lib/*-linux-gnu*/; do
    LD_LIBRARY_PATH=$folder${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
done
export LD_LIBRARY_PATH
exec -a "$0" "EXECUTABLE" "$@"
"#;

/// The archive of the system's release, with lists of packages of its own in `target/tools/apt`: the system's may be
/// missing, as in most images of containers, or old, and only root may fetch them.
pub(super) struct Archive<'a> {
    state: PathBuf,
    /// Of the tool that is installed.
    lock: &'a Lock,
    _lists: Lock,
}

impl Archive<'_> {
    /// Fetches the lists.
    pub(super) fn open<'a>(workspace: &Workspace, lock: &'a Lock) -> anyhow::Result<Archive<'a>> {
        if process::on_path("apt-get").is_none() {
            bail!("it is not installed, and this system has no apt-get to fetch it with");
        }
        let tools = workspace.tools();
        let archive = Archive {
            state: tools.join("apt"),
            lock,
            _lists: Lock::take(&tools, "apt")?,
        };
        for folder in ["lists/partial", "cache/archives/partial"] {
            fs::create_dir_all(archive.state.join(folder))?;
        }
        // It also fails if one of several archives fails. If the right one did, the next step reports that.
        lock.run(archive.apt_get().arg("update")).ok();
        Ok(archive)
    }

    /// Whether it has a package that can be installed.
    pub(super) fn has(&self, package: &str) -> bool {
        process::succeeds(&mut self.simulation(package))
    }

    /// Unpacks a package below `folder/root`, with its libraries, and with the other packages that it needs
    /// and that are `wanted`.
    pub(super) fn unpack(
        &self,
        package: &str,
        folder: &Path,
        wanted: impl Fn(&str) -> bool,
    ) -> anyhow::Result<()> {
        let installed = installed()?;
        let listed = process::stdout(&mut self.simulation(package))?;
        let needed = listed
            .lines()
            .filter_map(|line| line.strip_prefix("Inst ")?.split(' ').next());
        let missing = needed.filter(|name| {
            // Libraries of JavaScript are for pages.
            let is_library = name.starts_with("lib") && !name.starts_with("libjs-");
            *name == package || wanted(name) || is_library && !installed.contains(*name)
        });
        let mut download = self.apt_get();
        self.lock
            .run(download.arg("download").args(missing).current_dir(folder))?;
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            if path.extension().is_some_and(|extension| extension == "deb") {
                self.lock.run(
                    Command::new("dpkg")
                        .arg("-x")
                        .args([&path, &folder.join("root")]),
                )?;
                fs::remove_file(&path)?;
            }
        }
        Ok(())
    }

    /// Prints a package and all that it needs, as on a system without any package.
    fn simulation(&self, package: &str) -> Command {
        let mut install = self.apt_get();
        install.args(["--option", "Dir::State::status=/dev/null"]);
        install.args(["--simulate", "--no-install-recommends", "install", package]);
        install
    }

    fn apt_get(&self) -> Command {
        let state = self.state.display();
        let mut apt_get = Command::new("apt-get");
        apt_get.arg("--quiet=2");
        for option in [
            format!("Dir::State::lists={state}/lists"),
            format!("Dir::Cache={state}/cache"),
            "Acquire::Languages=none".to_owned(),
            // Otherwise apt fetches as its own user, who cannot write here, and prints a warning.
            "APT::Sandbox::User=root".to_owned(),
        ] {
            apt_get.arg("--option").arg(option);
        }
        apt_get
    }
}

/// The names of the packages that are installed.
fn installed() -> anyhow::Result<HashSet<String>> {
    let mut query = Command::new("dpkg-query");
    query.args(["--show", "--showformat", "${db:Status-Status} ${Package}\n"]);
    let listed = process::stdout(&mut query)?;
    let names = listed
        .lines()
        .filter_map(|line| line.strip_prefix("installed "));
    Ok(names.map(str::to_owned).collect())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn program_gets_its_libraries_and_the_name_by_which_it_was_called() {
        let tool = tempfile::tempdir().unwrap();
        let folder = tool.path().join("a tool");
        let libraries = folder.join("root/usr/lib/x86_64-linux-gnu");
        fs::create_dir_all(&libraries).unwrap();
        script(
            &folder.join("shell"),
            &with_libraries(&folder, Path::new("/bin/sh")),
        )
        .unwrap();
        let link = folder.join("link");
        symlink("shell", &link).unwrap();
        let mut shell = Command::new(&link);
        shell.args(["-c", r#"echo "$0 $LD_LIBRARY_PATH""#]);
        shell.env_remove("LD_LIBRARY_PATH");
        let expected = format!("{} {}/", link.display(), libraries.display());
        assert_eq!(process::stdout(&mut shell).unwrap(), expected);
    }
}
