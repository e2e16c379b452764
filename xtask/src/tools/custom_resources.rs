//! Types of custom resources, from crates.io.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use fs_err as fs;

use super::install::{self, Installation};
use crate::workspace::Workspace;

const NAME: &str = "custom-resources";

/// The names of the crates begin with it; the rest is what they would compile with.
const PREFIX: &str = "kcr_";

/// The folder with the sources of the crates that `xtask/tools/custom-resources` pins.
pub(crate) fn install(workspace: &Workspace) -> anyhow::Result<PathBuf> {
    let read = |file: &str| install::pins(workspace, &format!("{NAME}/{file}"));
    let [manifest, versions] = ["Cargo.toml", "Cargo.lock"].map(read);
    let (manifest, versions) = (manifest?, versions?);
    let installation = Installation {
        name: NAME,
        announcement: "types of custom resources from crates.io into target/tools: tests compare infra/helmfile with them",
        pins: &[&manifest[..], &versions].concat(),
        proofs: &["vendor"],
    };
    let folder = installation.run(workspace, |folder, lock| {
        fs::write(folder.join("Cargo.toml"), &manifest)?;
        fs::write(folder.join("Cargo.lock"), &versions)?;
        fs::write(folder.join("lib.rs"), "")?;
        let mut vendor = workspace.cargo();
        vendor
            .args(["vendor", "--quiet", "--locked", "--manifest-path"])
            .arg(folder.join("Cargo.toml"))
            .arg(folder.join("vendor"))
            .stdout(Stdio::null());
        lock.run(&mut vendor)?;
        remove_others(&folder.join("vendor"))
    })?;
    Ok(folder.join("vendor"))
}

fn remove_others(vendor: &Path) -> anyhow::Result<()> {
    for entry in fs::read_dir(vendor)? {
        let entry = entry?;
        if !entry.file_name().to_string_lossy().starts_with(PREFIX) {
            fs::remove_dir_all(entry.path())?;
        }
    }
    Ok(())
}
