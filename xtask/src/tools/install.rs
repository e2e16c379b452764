//! Installs a tool once, and repeats an incomplete installation.

use std::fs::{self, File};
use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use anyhow::Context;

use crate::digest::sha256;
use crate::process;
use crate::workspace::Workspace;

/// The last file that is written to a tool's folder: a folder without it is incomplete.
///
/// The scripts of a Python environment contain its path, so it cannot be built in another folder and renamed. An
/// interrupted installation has no stamp and is repeated.
const STAMP: &str = ".installed";

pub(crate) struct Tool<'a> {
    /// The name of its folder below `target/tools`.
    pub(crate) name: &'a str,
    /// The rest of a line that begins with "installing": the tool, its source and its purpose.
    pub(crate) announcement: &'a str,
    /// The contents of its pin files, and what else decides its files. The tool is installed again if they change.
    pub(crate) pins: &'a [u8],
    /// A file in its folder that it needs and that may become invalid: the Python of an environment is a link to the
    /// system's.
    pub(crate) proof: &'a str,
}

impl Tool<'_> {
    /// The tool's folder. `install` fills it if it is not complete.
    ///
    /// A second process waits for a lock, which the system releases when its holders have ended.
    pub(crate) fn install(
        &self,
        workspace: &Workspace,
        install: impl FnOnce(&Path, &Lock) -> anyhow::Result<()>,
    ) -> anyhow::Result<PathBuf> {
        let tools = workspace.tools();
        let folder = tools.join(self.name);
        fs::create_dir_all(&tools).with_context(|| format!("cannot create {}", tools.display()))?;
        let lock = self.lock(&tools)?;
        if !self.is_complete(&folder) {
            println!("installing {}", self.announcement);
            let begin = Instant::now();
            self.install_into(&folder, &lock, install).with_context(|| {
                format!(
                    "could not install {}; run the same command again, which repeats the whole installation",
                    self.name
                )
            })?;
            println!(
                "installed {} in {:.1} s",
                self.name,
                begin.elapsed().as_secs_f64()
            );
        }
        Ok(folder)
    }

    fn lock(&self, tools: &Path) -> anyhow::Result<Lock> {
        let path = tools.join(format!("{}.lock", self.name));
        File::options()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .and_then(|lock| lock.lock().map(|()| Lock(lock)))
            .with_context(|| format!("cannot lock {}", path.display()))
    }

    fn is_complete(&self, folder: &Path) -> bool {
        let stamp = fs::read_to_string(folder.join(STAMP));
        stamp.is_ok_and(|stamp| stamp == sha256(self.pins)) && folder.join(self.proof).exists()
    }

    fn install_into(
        &self,
        folder: &Path,
        lock: &Lock,
        install: impl FnOnce(&Path, &Lock) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        match fs::remove_dir_all(folder) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                return Err(error).with_context(|| format!("cannot remove {}", folder.display()));
            }
            _ => {}
        }
        fs::create_dir(folder).with_context(|| format!("cannot create {}", folder.display()))?;
        install(folder, lock)?;
        let aside = folder.join(".installed.new");
        fs::write(&aside, sha256(self.pins))
            .and_then(|()| fs::rename(&aside, folder.join(STAMP)))
            .with_context(|| format!("cannot stamp {}", folder.display()))
    }
}

/// The lock of a tool's folder, shared with the installers that this process starts.
pub(crate) struct Lock(File);

impl Lock {
    /// Runs an installer to its end. It inherits the lock as its empty input: if this process is killed, no other
    /// process uses the folder before the installer has ended.
    pub(crate) fn run(&self, installer: &mut Command) -> anyhow::Result<()> {
        installer.stdin(self.0.try_clone().context("cannot share the lock")?);
        process::run(installer)
    }
}

/// Writes an executable file in one step. A file with the same text is not written again, because cargo would
/// rebuild for a compiler with a new date.
pub(super) fn script(path: &Path, text: &str) -> anyhow::Result<()> {
    if fs::read_to_string(path).is_ok_and(|present| present == text) {
        return Ok(());
    }
    let aside = path.with_extension("new");
    fs::write(&aside, text)
        .and_then(|()| fs::set_permissions(&aside, fs::Permissions::from_mode(0o755)))
        .and_then(|()| fs::rename(&aside, path))
        .with_context(|| format!("cannot write {}", path.display()))
}

/// Reads a pin file from `xtask/tools`.
pub(crate) fn pins(workspace: &Workspace, file: &str) -> anyhow::Result<Vec<u8>> {
    let path = workspace.pins().join(file);
    fs::read(&path).with_context(|| format!("cannot read the pin file {}", path.display()))
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use anyhow::bail;

    use super::*;

    fn tool(pins: &[u8]) -> Tool<'_> {
        Tool {
            name: "saw",
            announcement: "a saw",
            pins,
            proof: "blade",
        }
    }

    fn workspace() -> (tempfile::TempDir, Workspace) {
        let target = tempfile::tempdir().unwrap();
        let workspace = Workspace::at(target.path(), target.path());
        (target, workspace)
    }

    #[test]
    fn second_run_uses_the_first_installation() {
        let (_target, workspace) = workspace();
        let count = Cell::new(0);
        let count_up = |folder: &Path, _: &Lock| {
            count.set(count.get() + 1);
            Ok(fs::write(folder.join("blade"), "")?)
        };
        tool(b"1").install(&workspace, count_up).unwrap();
        tool(b"1").install(&workspace, count_up).unwrap();
        assert_eq!(count.get(), 1);
        tool(b"2").install(&workspace, count_up).unwrap();
        assert_eq!(count.get(), 2, "other pins need another installation");
        fs::remove_file(workspace.tools().join("saw/blade")).unwrap();
        tool(b"2").install(&workspace, count_up).unwrap();
        assert_eq!(count.get(), 3, "an incomplete tool is installed again");
    }

    #[test]
    fn installer_that_outlives_its_parent_keeps_the_lock() {
        let (_target, workspace) = workspace();
        fs::create_dir_all(workspace.tools()).unwrap();
        let lock = tool(b"1").lock(&workspace.tools()).unwrap();
        // The shell starts a child that keeps its input open until the file `go` exists, and for ten seconds at
        // most.
        let go = workspace.tools().join("go");
        let script = r#"exec 3<&0; (n=0; while ! [ -e "$0" ] && [ $n -lt 1000 ]; do
            sleep 0.01; n=$((n + 1)); done) >/dev/null 2>&1 &"#;
        lock.run(Command::new("/bin/sh").args(["-c", script]).arg(&go))
            .unwrap();
        drop(lock);
        let lock = File::open(workspace.tools().join("saw.lock")).unwrap();
        assert!(
            lock.try_lock().is_err(),
            "the installer's child still holds it"
        );
        fs::write(go, "").unwrap();
        lock.lock().unwrap();
    }

    #[test]
    fn files_of_a_failed_installation_are_removed() {
        let (_target, workspace) = workspace();
        let half = |folder: &Path, _: &Lock| {
            fs::write(folder.join("half"), "")?;
            bail!("interrupted")
        };
        tool(b"1").install(&workspace, half).unwrap_err();
        let folder = tool(b"1").install(&workspace, |_, _| Ok(())).unwrap();
        assert!(!folder.join("half").exists());
    }
}
