//! Installing one tool once, and knowing that it is all there.

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

/// Written into a tool's folder as the very last thing: no stamp, no tool.
///
/// Python's environments carry their own path in every script, so a folder cannot be built aside and
/// renamed into place. The stamp serves the same end: an interrupted install has none and is redone.
const STAMP: &str = ".installed";

/// A tool to be installed.
pub(crate) struct Tool<'a> {
    /// The name of its folder below `target/tools`.
    pub(crate) name: &'a str,
    /// What is installed from where, and why: the rest of a line that begins with "installing".
    pub(crate) announcement: &'a str,
    /// Everything that pins it. Other pins than last time: it is installed anew.
    pub(crate) pins: &'a [u8],
    /// A file in its folder that it cannot work without, and that may vanish later: an environment's
    /// Python is a link to the system's.
    pub(crate) proof: &'a str,
}

impl Tool<'_> {
    /// The tool's folder, after `install` has filled it if it was not whole.
    ///
    /// Two runs at once take turns, by a lock that the system lifts when its holders are gone.
    pub(crate) fn install(
        &self,
        workspace: &Workspace,
        install: impl FnOnce(&Path, &Turn) -> anyhow::Result<()>,
    ) -> anyhow::Result<PathBuf> {
        let tools = workspace.tools();
        let folder = tools.join(self.name);
        fs::create_dir_all(&tools).with_context(|| format!("cannot create {}", tools.display()))?;
        let turn = self.lock(&tools)?;
        if !self.is_whole(&folder) {
            println!("installing {}", self.announcement);
            let begin = Instant::now();
            self.install_into(&folder, &turn, install).with_context(|| {
                format!(
                    "could not install {}; nothing half-made will be used, so simply run it again",
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

    fn lock(&self, tools: &Path) -> anyhow::Result<Turn> {
        let path = tools.join(format!("{}.lock", self.name));
        File::options()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .and_then(|lock| lock.lock().map(|()| Turn(lock)))
            .with_context(|| format!("cannot lock {}", path.display()))
    }

    fn is_whole(&self, folder: &Path) -> bool {
        let stamp = fs::read_to_string(folder.join(STAMP));
        stamp.is_ok_and(|stamp| stamp == sha256(self.pins)) && folder.join(self.proof).exists()
    }

    fn install_into(
        &self,
        folder: &Path,
        turn: &Turn,
        install: impl FnOnce(&Path, &Turn) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        match fs::remove_dir_all(folder) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                return Err(error).with_context(|| format!("cannot remove {}", folder.display()));
            }
            _ => {}
        }
        fs::create_dir(folder).with_context(|| format!("cannot create {}", folder.display()))?;
        install(folder, turn)?;
        let aside = folder.join(".installed.new");
        fs::write(&aside, sha256(self.pins))
            .and_then(|()| fs::rename(&aside, folder.join(STAMP)))
            .with_context(|| format!("cannot stamp {}", folder.display()))
    }
}

/// The right to install a tool, held by this process and by the installers that it starts.
pub(crate) struct Turn(File);

impl Turn {
    /// Runs an installer to its end. It holds the lock too, as its empty input: should we be killed
    /// and it live on, nobody begins anew in the folder that it writes to.
    pub(crate) fn run(&self, installer: &mut Command) -> anyhow::Result<()> {
        installer.stdin(self.0.try_clone().context("cannot share the lock")?);
        process::run(installer)
    }
}

/// Writes an executable file, which appears whole or not at all. One that is right stays untouched,
/// or cargo would take a compiler for a new one.
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
    fn the_second_run_finds_what_the_first_installed() {
        let (_target, workspace) = workspace();
        let count = Cell::new(0);
        let count_up = |folder: &Path, _: &Turn| {
            count.set(count.get() + 1);
            Ok(fs::write(folder.join("blade"), "")?)
        };
        tool(b"1").install(&workspace, count_up).unwrap();
        tool(b"1").install(&workspace, count_up).unwrap();
        assert_eq!(count.get(), 1);
        tool(b"2").install(&workspace, count_up).unwrap();
        assert_eq!(count.get(), 2, "other pins, another install");
        fs::remove_file(workspace.tools().join("saw/blade")).unwrap();
        tool(b"2").install(&workspace, count_up).unwrap();
        assert_eq!(count.get(), 3, "without its blade it is no saw");
    }

    #[test]
    fn an_installer_that_outlives_us_keeps_the_lock() {
        let (_target, workspace) = workspace();
        fs::create_dir_all(workspace.tools()).unwrap();
        let turn = tool(b"1").lock(&workspace.tools()).unwrap();
        // The shell leaves behind a child that holds its input open until it is told to end, or
        // for ten seconds should this test fail, and nothing else of ours.
        let go = workspace.tools().join("go");
        let script = r#"exec 3<&0; (n=0; while ! [ -e "$0" ] && [ $n -lt 1000 ]; do
            sleep 0.01; n=$((n + 1)); done) >/dev/null 2>&1 &"#;
        turn.run(Command::new("/bin/sh").args(["-c", script]).arg(&go))
            .unwrap();
        drop(turn);
        let lock = File::open(workspace.tools().join("saw.lock")).unwrap();
        assert!(
            lock.try_lock().is_err(),
            "the installer's child still holds it"
        );
        fs::write(go, "").unwrap();
        lock.lock().unwrap();
    }

    #[test]
    fn what_a_failed_install_left_is_cleared_away() {
        let (_target, workspace) = workspace();
        let half = |folder: &Path, _: &Turn| {
            fs::write(folder.join("half"), "")?;
            bail!("interrupted")
        };
        tool(b"1").install(&workspace, half).unwrap_err();
        let folder = tool(b"1").install(&workspace, |_, _| Ok(())).unwrap();
        assert!(!folder.join("half").exists());
    }
}
