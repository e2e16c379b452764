//! `cargo xtask sbom`: the bill of materials of the packaged program.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context, bail};
use fs_err as fs;
use serde_json::Value;

use crate::compile::Target;
use crate::process;
use crate::tools;
use crate::workspace::Workspace;

/// The name of the file that the tool writes beside each manifest of the workspace.
const NAME: &str = "magnusapi.cdx";

/// Write the bill of materials of the packaged program: target/magnusapi.cdx.json
///
/// The format is `CycloneDX` 1.5: every crate that is compiled into the static binary or builds it,
/// with version, licence and SHA-256, from Cargo.lock. The same commit gives the same file.
/// cargo-cyclonedx is built once into target/tools.
#[derive(clap::Args)]
pub(crate) struct Arguments {}

pub(crate) fn run(workspace: &Workspace) -> anyhow::Result<ExitCode> {
    let cyclonedx = tools::CARGO_CYCLONEDX.install(workspace)?;
    let written = list(workspace, &cyclonedx)?;
    let own = workspace.root().join(NAME).with_added_extension("json");
    let text = fs::read_to_string(&own);
    for file in written {
        fs::remove_file(&file)?;
    }
    let text = portable(&text?, workspace.root());
    let components = components(&text)?;
    let path = workspace.target().join(NAME).with_added_extension("json");
    fs::write(&path, text)?;
    println!("{} names {components} components", workspace.shown(&path));
    Ok(ExitCode::SUCCESS)
}

/// Runs the tool, and returns the files that it wrote.
fn list(workspace: &Workspace, cyclonedx: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let commit_date = process::stdout(workspace.git().args(["log", "-1", "--format=%ct"]))?;
    let mut command = Command::new(cyclonedx);
    command
        .current_dir(workspace.root())
        .args(["cyclonedx", "--quiet", "--format", "json"])
        .args(["--spec-version", "1.5", "--target", Target::X86_64.triple()])
        .args(["--override-filename", NAME])
        // With this variable, the tool writes a fixed date and no random number.
        .env("SOURCE_DATE_EPOCH", commit_date);
    process::run(&mut command)?;
    let metadata = workspace.metadata(&["--no-deps"])?;
    let packages = metadata["packages"].as_array().into_iter().flatten();
    let manifests = packages.filter_map(|package| package["manifest_path"].as_str());
    Ok(manifests
        .map(|manifest| Path::new(manifest).with_file_name(format!("{NAME}.json")))
        .filter(|file| file.exists())
        .collect())
}

/// The list names the crates of the workspace by their paths. The binary uses `/magnusapi` for the checkout too.
fn portable(text: &str, root: &Path) -> String {
    text.replace(&format!("file://{}", root.display()), "file:///magnusapi")
}

/// The number of components. An empty list is an error.
fn components(text: &str) -> anyhow::Result<usize> {
    let list: Value = serde_json::from_str(text).context("cargo-cyclonedx did not write JSON")?;
    match list["components"].as_array().map(Vec::len) {
        Some(count) if count > 0 => Ok(count),
        _ => bail!("cargo-cyclonedx listed nothing"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn list_does_not_contain_the_path_of_the_checkout() {
        let text = r#"{"bom-ref": "path+file:///home/me/magnusapi/funcapp#0.1.0"}"#;
        assert_eq!(
            portable(text, Path::new("/home/me/magnusapi")),
            r#"{"bom-ref": "path+file:///magnusapi/funcapp#0.1.0"}"#
        );
    }

    #[test]
    fn empty_lists_are_refused() {
        assert_eq!(components(r#"{"components": [{}, {}]}"#).unwrap(), 2);
        components(r#"{"components": []}"#).unwrap_err();
        components("{}").unwrap_err();
    }
}
