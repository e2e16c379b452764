//! A program, and its installation from its source.

use std::env;
use std::path::{Path, PathBuf};

use anyhow::Context;
use fs_err as fs;

use super::install::{Installation, Lock};
use super::{apt, node, python};
use crate::process;
use crate::workspace::Workspace;

pub(crate) struct Tool {
    /// Of its folder below `target/tools`, and of its pin files.
    pub(super) name: &'static str,
    pub(super) source: Source,
    /// The file in its folder that is used.
    pub(super) file: &'static str,
    /// The end of a sentence that begins with "it".
    pub(super) purpose: &'static str,
    /// Whether an installed program of its name may take its place.
    pub(super) replaceable: fn(&Path) -> bool,
    /// Completes its folder.
    pub(super) finish: fn(&Workspace, &Path) -> anyhow::Result<()>,
}

pub(super) enum Source {
    /// A version of the crate of its name, which is built with its own lock file.
    CratesIo(&'static str),
    /// A package of Debian's archive. The system's release determines the version and the libraries.
    Debian(&'static str),
    /// `package-lock.json` in `xtask/tools/<name>` pins it by hash.
    Npm,
    /// `xtask/tools/<name>.txt` pins it by hash.
    PyPi,
}

const fn tool(
    name: &'static str,
    source: Source,
    file: &'static str,
    purpose: &'static str,
) -> Tool {
    Tool {
        name,
        source,
        file,
        purpose,
        replaceable: |_| false,
        finish: |_, _| Ok(()),
    }
}

pub(super) const fn crates_io(
    name: &'static str,
    version: &'static str,
    file: &'static str,
    purpose: &'static str,
) -> Tool {
    tool(name, Source::CratesIo(version), file, purpose)
}

pub(super) const fn debian(
    name: &'static str,
    package: &'static str,
    purpose: &'static str,
) -> Tool {
    Tool {
        replaceable: |_| true,
        ..tool(name, Source::Debian(package), name, purpose)
    }
}

pub(super) const fn npm(name: &'static str, file: &'static str, purpose: &'static str) -> Tool {
    tool(name, Source::Npm, file, purpose)
}

pub(super) const fn pypi(name: &'static str, file: &'static str, purpose: &'static str) -> Tool {
    tool(name, Source::PyPi, file, purpose)
}

impl Tool {
    /// The program: one that is present, else the pinned one.
    pub(crate) fn install(&self, workspace: &Workspace) -> anyhow::Result<PathBuf> {
        match self.present() {
            Some(present) => Ok(present),
            None => Ok(self.folder(workspace)?.join(self.file)),
        }
    }

    /// The program that the variable of its name names, else an installed one that may take its place.
    pub(super) fn present(&self) -> Option<PathBuf> {
        let named = env::var_os(self.variable()).map(PathBuf::from);
        named.or_else(|| installed(self.name).filter(|found| (self.replaceable)(found)))
    }

    /// `CARGO_DENY` for `cargo-deny`.
    fn variable(&self) -> String {
        self.name.to_uppercase().replace('-', "_")
    }

    /// The folder of the pinned one.
    pub(crate) fn folder(&self, workspace: &Workspace) -> anyhow::Result<PathBuf> {
        if let Source::Npm = self.source {
            node::require(self.name)?;
        }
        let origin = match self.source {
            Source::CratesIo(_) => "crates.io (some minutes)",
            Source::Debian(_) => "this system's apt archive",
            Source::Npm => "npm",
            Source::PyPi => "PyPI",
        };
        let Tool { name, purpose, .. } = self;
        let proofs = match self.source {
            // A link to the system's Python, which may become invalid.
            Source::PyPi => vec!["bin/python", self.file],
            _ => vec![self.file],
        };
        let installation = Installation {
            name,
            announcement: &format!("{name} from {origin} into target/tools: it {purpose}"),
            pins: &self.pins(workspace)?,
            proofs: &proofs,
        };
        let folder = installation.run(workspace, |folder, lock| {
            self.fill(workspace, folder, lock)?;
            (self.finish)(workspace, folder)
        });
        let Source::Debian(package) = self.source else {
            return folder;
        };
        folder.with_context(|| {
            format!(
                "on Debian or Ubuntu: sudo apt-get install {package}; elsewhere install {name}, or name it in {}",
                self.variable()
            )
        })
    }

    fn pins(&self, workspace: &Workspace) -> anyhow::Result<Vec<u8>> {
        match self.source {
            Source::CratesIo(version) => Ok(version.as_bytes().to_owned()),
            Source::Debian(_) => Ok(apt::pins(workspace)),
            Source::Npm => node::pins(workspace, self.name),
            Source::PyPi => python::pins(workspace, self.name),
        }
    }

    fn fill(&self, workspace: &Workspace, folder: &Path, lock: &Lock) -> anyhow::Result<()> {
        match self.source {
            Source::CratesIo(version) => build(workspace, self.name, version, folder, lock),
            Source::Debian(package) => apt::fill(workspace, self.name, package, folder, lock),
            Source::Npm => node::install(workspace, self.name, folder, lock),
            Source::PyPi => python::install(workspace, self.name, folder, lock),
        }
    }
}

/// The executable of this name on PATH, or in a folder of programs that only root has on PATH.
fn installed(name: &str) -> Option<PathBuf> {
    process::on_path(name).or_else(|| apt::executable(Path::new("/"), name))
}

fn build(
    workspace: &Workspace,
    name: &str,
    version: &str,
    folder: &Path,
    lock: &Lock,
) -> anyhow::Result<()> {
    let build = folder.join("build");
    let mut install = workspace.cargo();
    install
        .args(["install", "--quiet", "--locked", name])
        .args(["--version", version, "--root"])
        .arg(folder)
        .arg("--target-dir")
        .arg(&build);
    lock.run(&mut install)?;
    Ok(fs::remove_dir_all(build)?)
}
