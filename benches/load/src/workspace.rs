//! The folders of the checkout and of the build.

use std::env;
use std::path::{Path, PathBuf};

use anyhow::Context;
use tokio::process::Command;

use crate::process;

/// The checkout, and the folder that cargo builds into.
pub(crate) struct Workspace {
    root: PathBuf,
    target: PathBuf,
}

impl Workspace {
    /// Finds the checkout from `cargo run`'s variables, and the build folder from
    /// `CARGO_TARGET_DIR`, else `target/`.
    pub(crate) fn locate() -> anyhow::Result<Workspace> {
        let manifest = env::var_os("CARGO_MANIFEST_DIR")
            .map(PathBuf::from)
            .context("CARGO_MANIFEST_DIR is not set: run this as `cargo xtask bench`")?;
        let root = manifest
            .ancestors()
            .nth(2)
            .context("benches/load has no checkout around it: run this as `cargo xtask bench`")?
            .to_owned();
        let target = root.join(env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into()));
        Ok(Workspace { root, target })
    }

    /// `path` below the checkout.
    pub(crate) fn file(&self, path: &str) -> PathBuf {
        self.root.join(path)
    }

    /// The folder for everything that is built.
    pub(crate) fn target(&self) -> &Path {
        &self.target
    }

    /// Programs that are not crates.
    pub(crate) fn tools(&self) -> PathBuf {
        self.target.join("tools")
    }

    /// Runs cargo in the checkout, building into [`Workspace::target`].
    pub(crate) async fn cargo(
        &self,
        arguments: &[&str],
        variables: &[(&str, PathBuf)],
    ) -> anyhow::Result<()> {
        let mut cargo = self.command(arguments);
        process::run(cargo.envs(variables.iter().cloned())).await
    }

    /// Installs a server that the program is compared with, and returns its folder.
    pub(crate) async fn peer(&self, name: &str) -> anyhow::Result<PathBuf> {
        println!("installing {name} into target/tools, if it is not there");
        let arguments = ["run", "--quiet", "--package", "xtask", "--", "peer", name];
        let output = process::output(&mut self.command(&arguments)).await?;
        let folder = output.lines().last().context("it printed no folder")?;
        Ok(PathBuf::from(folder))
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        cargo
            .args(arguments)
            .current_dir(&self.root)
            .env("CARGO_TARGET_DIR", &self.target);
        cargo
    }
}
