//! The folders of the checkout and of the build.

use std::env;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context;
use fs_err as fs;
use serde_json::Value;

use crate::process;

/// The version of the workspace, which is that of this crate.
pub(crate) const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The checkout, and the folder that cargo and this program build into.
pub(crate) struct Workspace {
    root: PathBuf,
    target: PathBuf,
}

impl Workspace {
    /// Finds the checkout from `cargo run`'s variables, and the build folder from
    /// `CARGO_TARGET_DIR`, else `target/`.
    pub(crate) fn locate() -> anyhow::Result<Self> {
        let manifest = env::var_os("CARGO_MANIFEST_DIR")
            .map(PathBuf::from)
            .context("CARGO_MANIFEST_DIR is not set: run this as `cargo xtask <verb>`")?;
        let root = manifest
            .parent()
            .context("xtask/ has no folder above it: run this as `cargo xtask <verb>`")?
            .to_owned();
        let target = root.join(env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into()));
        Ok(Self::at(&root, &target))
    }

    pub(crate) fn at(root: &Path, target: &Path) -> Self {
        Self {
            root: root.to_owned(),
            target: target.to_owned(),
        }
    }

    /// The folder with the workspace's `Cargo.toml`.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// The folder of everything that is built.
    pub(crate) fn target(&self) -> &Path {
        &self.target
    }

    /// The folder with one folder for each function. Links in it lead to the other files of an app, so a
    /// Functions host can run there.
    pub(crate) fn functions(&self) -> PathBuf {
        self.root.join("functions")
    }

    /// The app for the Functions host: `host.json`, the binary, one folder per function.
    pub(crate) fn app(&self) -> PathBuf {
        self.target.join("app")
    }

    /// The app as a zip.
    pub(crate) fn zip(&self) -> PathBuf {
        self.target.join("magnusapi.zip")
    }

    /// Programs that are not crates of the workspace.
    pub(crate) fn tools(&self) -> PathBuf {
        self.target.join("tools")
    }

    /// The pin files of these programs.
    pub(crate) fn pins(&self) -> PathBuf {
        self.root.join("xtask/tools")
    }

    /// `path`, relative to the checkout if it is inside.
    pub(crate) fn shown(&self, path: &Path) -> String {
        path.strip_prefix(&self.root)
            .unwrap_or(path)
            .display()
            .to_string()
    }

    /// git, in the checkout.
    pub(crate) fn git(&self) -> Command {
        let mut git = Command::new("git");
        git.current_dir(&self.root);
        git
    }

    /// The packages and their dependencies, as `cargo metadata` prints them with these arguments.
    pub(crate) fn metadata(&self, arguments: &[&str]) -> anyhow::Result<Value> {
        let mut metadata = self.cargo();
        metadata
            .args(["metadata", "--locked", "--format-version", "1"])
            .args(arguments);
        let printed = process::stdout(&mut metadata)?;
        serde_json::from_str(&printed).context("`cargo metadata` printed no JSON")
    }

    /// Cargo, in the checkout, building into [`Workspace::target`].
    ///
    /// It does not inherit the variables that `cargo run` sets for this program: some build scripts (that of ring)
    /// watch them, and would rebuild each time a person changes between `cargo build` and `cargo xtask`.
    pub(crate) fn cargo(&self) -> Command {
        let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        cargo
            .current_dir(&self.root)
            .env("CARGO_TARGET_DIR", &self.target);
        for (name, _) in env::vars_os() {
            let text = name.to_string_lossy();
            if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") {
                cargo.env_remove(&name);
            }
        }
        cargo
    }
}

/// Removes a folder, if it is there.
pub(crate) fn remove_folder(folder: &Path) -> io::Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}
