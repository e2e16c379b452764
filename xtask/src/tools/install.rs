//! Installs a tool once, and repeats an incomplete installation.

use std::fs::{File, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, bail};
use fs_err as fs;

use crate::digest::sha256;
use crate::process;
use crate::workspace::{self, Workspace};

/// The last file that is written to a tool's folder: a folder without it is incomplete.
///
/// The scripts of a Python environment contain its path, so it cannot be built in another folder and renamed. An
/// interrupted installation has no stamp and is repeated.
const STAMP: &str = ".installed";

pub(super) struct Installation<'a> {
    /// Of its folder below `target/tools`.
    pub(super) name: &'a str,
    /// The rest of a line that begins with "installing": the tool, its source and its purpose.
    pub(super) announcement: &'a str,
    /// The contents of its pin files, and what else decides its files. The tool is installed again if they change.
    pub(super) pins: &'a [u8],
    /// Files in its folder. It is installed again if one is missing.
    pub(super) proofs: &'a [&'a str],
}

impl Installation<'_> {
    /// The tool's folder. `install` fills it if it is not complete.
    ///
    /// A second process waits for a lock, which the system releases when its holders have ended.
    pub(super) fn run(
        &self,
        workspace: &Workspace,
        install: impl FnOnce(&Path, &Lock) -> anyhow::Result<()>,
    ) -> anyhow::Result<PathBuf> {
        let tools = workspace.tools();
        let folder = tools.join(self.name);
        fs::create_dir_all(&tools)?;
        let lock = Lock::take(&tools, self.name)?;
        let stamp = sha256(self.pins);
        let is_stamped = fs::read_to_string(folder.join(STAMP)).is_ok_and(|found| found == stamp);
        if is_stamped && self.missing(&folder).is_none() {
            return Ok(folder);
        }
        println!("installing {}", self.announcement);
        let begin = Instant::now();
        self.install_into(&folder, &lock, install).with_context(|| {
            format!(
                "could not install {}; run the same command again, which repeats the whole installation",
                self.name
            )
        })?;
        let aside = folder.join(".installed.new");
        fs::write(&aside, stamp)?;
        fs::rename(&aside, folder.join(STAMP))?;
        let seconds = begin.elapsed().as_secs_f64();
        println!("installed {} in {seconds:.1} s", self.name);
        Ok(folder)
    }

    fn missing(&self, folder: &Path) -> Option<&str> {
        let mut proofs = self.proofs.iter().copied();
        proofs.find(|proof| !folder.join(proof).exists())
    }

    fn install_into(
        &self,
        folder: &Path,
        lock: &Lock,
        install: impl FnOnce(&Path, &Lock) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        workspace::remove_folder(folder)?;
        fs::create_dir(folder)?;
        install(folder, lock)?;
        match self.missing(folder) {
            None => Ok(()),
            Some(file) => bail!("the package has no {file}"),
        }
    }
}

/// The lock of a folder, shared with the installers that this process starts.
pub(super) struct Lock(File);

impl Lock {
    /// Waits for the lock of this name.
    pub(super) fn take(tools: &Path, name: &str) -> anyhow::Result<Lock> {
        let path = tools.join(format!("{name}.lock"));
        File::options()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .and_then(|lock| lock.lock().map(|()| Lock(lock)))
            .with_context(|| format!("cannot lock {}", path.display()))
    }

    /// Runs an installer to its end. It inherits the lock as its empty input: if this process is killed, no other
    /// process uses the folder before the installer has ended.
    pub(super) fn run(&self, installer: &mut Command) -> anyhow::Result<()> {
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
    fs::write(&aside, text)?;
    fs::set_permissions(&aside, Permissions::from_mode(0o755))?;
    Ok(fs::rename(&aside, path)?)
}

/// Reads a pin file from `xtask/tools`.
pub(super) fn pins(workspace: &Workspace, file: &str) -> anyhow::Result<Vec<u8>> {
    fs::read(workspace.pins().join(file)).context("cannot read the pins")
}

/// The pins of a tool with scripts that contain its path: a moved checkout needs new ones.
pub(super) fn with_place(workspace: &Workspace, pins: &[u8]) -> Vec<u8> {
    let place = workspace.tools();
    [pins, place.as_os_str().as_encoded_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    fn saw(pins: &[u8]) -> Installation<'_> {
        Installation {
            name: "saw",
            announcement: "a saw",
            pins,
            proofs: &["blade"],
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
        saw(b"1").run(&workspace, count_up).unwrap();
        saw(b"1").run(&workspace, count_up).unwrap();
        assert_eq!(count.get(), 1);
        saw(b"2").run(&workspace, count_up).unwrap();
        assert_eq!(count.get(), 2, "other pins need another installation");
        fs::remove_file(workspace.tools().join("saw/blade")).unwrap();
        saw(b"2").run(&workspace, count_up).unwrap();
        assert_eq!(count.get(), 3, "an incomplete tool is installed again");
    }

    #[test]
    fn installer_that_outlives_its_parent_keeps_the_lock() {
        let (_target, workspace) = workspace();
        fs::create_dir_all(workspace.tools()).unwrap();
        let lock = Lock::take(&workspace.tools(), "saw").unwrap();
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
        saw(b"1").run(&workspace, half).unwrap_err();
        let empty = saw(b"1").run(&workspace, |_, _| Ok(())).unwrap_err();
        let text = format!("{empty:#}");
        assert!(text.contains("the package has no blade"), "{text}");
        let whole = |folder: &Path, _: &Lock| Ok(fs::write(folder.join("blade"), "")?);
        let folder = saw(b"1").run(&workspace, whole).unwrap();
        assert!(!folder.join("half").exists());
    }
}
