//! Packages of PyPI, each in its own virtual environment, and a Python that creates these.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context;
use fs_err as fs;

use super::apt::{self, Archive};
use super::install::{self, Installation, Lock, script};
use crate::process;
use crate::workspace::Workspace;

/// The oldest Python that all pins support is 3.11.
const IS_GOOD: &str = "import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))";

/// From the newest to the oldest.
const VERSIONS: [&str; 5] = [
    "python3.15",
    "python3.14",
    "python3.13",
    "python3.12",
    "python3.11",
];

fn requirements(name: &str) -> String {
    format!("{name}.txt")
}

pub(super) fn pins(workspace: &Workspace, name: &str) -> anyhow::Result<Vec<u8>> {
    let pins = install::pins(workspace, &requirements(name))?;
    Ok(install::with_place(workspace, &pins))
}

/// Creates a virtual environment with the package.
pub(super) fn install(
    workspace: &Workspace,
    name: &str,
    folder: &Path,
    lock: &Lock,
) -> anyhow::Result<()> {
    let python = interpreter(workspace, name)?;
    lock.run(Command::new(python).args(["-m", "venv"]).arg(folder))?;
    let requirements = workspace.pins().join(requirements(name));
    lock.run(&mut localpg::pip_install(
        &folder.join("bin/python"),
        &requirements,
    ))
}

/// A Python that can create environments: the system's, else one that is unpacked.
fn interpreter(workspace: &Workspace, wanted_by: &str) -> anyhow::Result<PathBuf> {
    let mut names = ["python3"].into_iter().chain(VERSIONS);
    let is_good = |python: &&str| process::succeeds(Command::new(python).args(["-c", IS_GOOD]));
    if let Some(installed) = names.find(is_good) {
        return Ok(installed.into());
    }
    unpacked(workspace).with_context(|| {
        format!(
            "{wanted_by} needs Python 3.11 or newer with its modules venv and ensurepip: install it, and put it on \
             PATH as python3"
        )
    })
}

/// Of Debian's Python, unpacked.
const FILE: &str = "root/usr/bin/python3";

fn unpacked(workspace: &Workspace) -> anyhow::Result<PathBuf> {
    let installation = Installation {
        name: "python",
        announcement: "Python from this system's apt archive into target/tools: it runs programs of PyPI",
        pins: &apt::pins(workspace),
        proofs: &[FILE],
    };
    let folder = installation.run(workspace, |folder, lock| {
        let archive = Archive::open(workspace, lock)?;
        let mut versions = VERSIONS.map(|it| (it, format!("{it}-venv"))).into_iter();
        let newest = versions.find(|(_, package)| archive.has(package));
        let (version, package) = newest.context("the apt archive has no such Python")?;
        // Also if some of them are installed: Python finds its library beside itself.
        archive.unpack(&package, folder, |name| name.contains("python3"))?;
        use_own_wheels(folder, version)?;
        let executable = folder.join("root/usr/bin").join(version);
        script(
            &folder.join(FILE),
            &apt::with_libraries(folder, &executable),
        )
    })?;
    Ok(folder.join(FILE))
}

/// Debian's `ensurepip` reads pip from a folder that the configuration of the build names.
fn use_own_wheels(folder: &Path, version: &str) -> anyhow::Result<()> {
    const WHEELS: &str = "/usr/share/python-wheels/";
    let root = folder.join("root");
    for entry in fs::read_dir(root.join("usr/lib").join(version))? {
        let entry = entry?;
        if entry
            .file_name()
            .to_string_lossy()
            .starts_with("_sysconfigdata")
        {
            let own = format!("'{}{WHEELS}'", root.display());
            let text = fs::read_to_string(entry.path())?;
            let text = text.replace(&format!("'{WHEELS}'"), &own);
            fs::write(entry.path(), text)?;
        }
    }
    Ok(())
}
