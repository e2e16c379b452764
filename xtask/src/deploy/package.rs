//! A package on disk: its bytes, its functions, and its program's commit.

use std::fmt;
use std::fs::Permissions;
use std::io::{self, Cursor};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail};
use fs_err::{self as fs, File};
use zip::ZipArchive;

use crate::digest::sha256;
use crate::layout;
use crate::process;

/// A zip of `cargo xtask package`, from this checkout or another.
pub(super) struct Package {
    pub(super) path: PathBuf,
    pub(super) bytes: Vec<u8>,
    /// As the program prints it, and as /health will report it.
    pub(super) commit: String,
    /// By name, in the zip's order.
    pub(super) functions: Vec<String>,
}

impl Package {
    /// Reads the zip, and runs its program for the commit.
    pub(super) fn read(path: &Path) -> anyhow::Result<Package> {
        Self::read_zip(path).with_context(|| {
            format!(
                "{} is not a package: `cargo xtask package` makes one",
                path.display()
            )
        })
    }

    fn read_zip(path: &Path) -> anyhow::Result<Package> {
        let bytes = fs::read(path)?;
        let mut archive = ZipArchive::new(Cursor::new(&bytes))?;
        let names = archive.file_names().collect::<Result<Vec<_>, _>>()?;
        let functions = layout::functions_of(&names)?;
        let commit = commit(&mut archive)?;
        Ok(Package {
            path: path.to_owned(),
            bytes,
            commit,
            functions,
        })
    }
}

impl fmt::Display for Package {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the package of commit {} (sha256 {}, {} functions)",
            self.commit,
            sha256(&self.bytes),
            self.functions.len()
        )
    }
}

/// Runs the packaged program, which is static and so runs on any Linux: `magnusapi 0.1.0 (<commit>)`.
fn commit(archive: &mut ZipArchive<Cursor<&Vec<u8>>>) -> anyhow::Result<String> {
    let folder = tempfile::tempdir().context("cannot make a folder for the program")?;
    let program = folder.path().join(layout::BINARY);
    let mut packed = archive.by_name(layout::BINARY)?;
    // Closed before it runs: Linux does not run a file that is open for writing.
    io::copy(&mut packed, &mut File::create(&program)?)?;
    fs::set_permissions(&program, Permissions::from_mode(0o755))?;
    let version = process::stdout(Command::new(&program).arg("--version"))?;
    let commit = version
        .rsplit_once(" (")
        .and_then(|(_, rest)| rest.strip_suffix(')'));
    match commit {
        Some(commit) if is_commit(commit) => Ok(commit.to_owned()),
        _ => bail!(
            "its program prints `{version}`, which contains no commit: build it in a checkout"
        ),
    }
}

/// Whether it is a full commit id, in SHA-1 or SHA-256.
pub(super) fn is_commit(text: &str) -> bool {
    [40, 64].contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}
