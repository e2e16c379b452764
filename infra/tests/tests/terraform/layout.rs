//! All modules have the same layout (Azure Verified Modules: TFNFR17, 18, 25, 39).

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use infra_tests::checkout;

use crate::folders::on_disk;

const FILES: [&str; 6] = [
    "terraform.tf",
    "variables.tf",
    "main.tf",
    "outputs.tf",
    "README.md",
    "tests",
];

#[test]
fn every_folder_has_the_same_files() {
    for folder in on_disk() {
        for file in FILES {
            let path = Path::new(&folder).join(file);
            assert!(root().join(&path).exists(), "{} is missing", path.display());
        }
    }
}

#[test]
fn modules_require_provider_versions_and_roots_configure_them() {
    for folder in on_disk() {
        let versions = read(&folder, "terraform.tf");
        for line in ["required_version = \">= 1.11, < 2.0\"", "version = \"~> "] {
            assert!(versions.contains(line), "{folder}/terraform.tf: {line}");
        }
        let configures = versions.contains("\nprovider \"");
        assert_eq!(configures, !folder.starts_with("modules/"), "{folder}");
    }
}

#[test]
fn every_variable_has_a_type_and_every_variable_and_output_a_description() {
    for folder in on_disk() {
        for (file, kind, members) in [
            (
                "variables.tf",
                "variable",
                ["type", "description"].as_slice(),
            ),
            ("outputs.tf", "output", &["description"]),
        ] {
            for block in blocks(&read(&folder, file), kind) {
                let name = block.split('"').nth(1).unwrap_or_default();
                for member in members {
                    let is_there = block
                        .lines()
                        .filter_map(|line| line.strip_prefix("  ")?.split_once('='))
                        .any(|(key, _)| key.trim_end() == *member);
                    assert!(is_there, "{folder}/{file}: {name} has no {member}");
                }
            }
        }
    }
}

/// AKS creates its nodes with it; no file here names it.
const USED_BY_AZURE: &str = "Microsoft.Compute";

/// Every subscription has these; they cannot be registered.
const ALWAYS_THERE: [&str; 2] = ["Microsoft.Authorization", "Microsoft.Consumption"];

/// azurerm registers none by default, and the pipeline's identities have no right to.
#[test]
fn bootstrap_registers_every_provider_that_is_used() {
    let registered = read("bootstrap", "terraform.tf");
    let mut used = BTreeSet::from([USED_BY_AZURE.to_owned()]);
    for folder in &on_disk() {
        let text = read(folder, "main.tf");
        // `type = "Microsoft.Web/sites@2025-03-01"`.
        let types = text
            .lines()
            .filter_map(|line| line.trim_start().strip_prefix("type "));
        let names = types.filter_map(|line| line.split('"').nth(1)?.split_once('/'));
        used.extend(names.map(|(name, _)| name.to_owned()));
    }
    assert!(used.len() > 2, "{used:?}");
    for name in used
        .iter()
        .filter(|it| !ALWAYS_THERE.contains(&it.as_str()))
    {
        assert!(registered.contains(&format!("\"{name}\",")), "{name}");
    }
}

/// The blocks of a kind in a file that is formatted.
fn blocks(text: &str, kind: &str) -> Vec<String> {
    let start = format!("{kind} \"");
    let blocks: Vec<_> = text
        .split("\n}\n")
        .map(|block| block.trim_start_matches('\n').to_owned())
        .filter(|block| block.starts_with(&start))
        .collect();
    assert_eq!(blocks.len(), text.matches(&format!("{kind} \"")).count());
    blocks
}

fn read(folder: &str, file: &str) -> String {
    let path = root().join(folder).join(file);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn root() -> PathBuf {
    checkout().join("infra/terraform")
}
