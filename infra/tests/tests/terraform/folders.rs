//! Each folder of `infra/terraform`: valid, and its own tests pass.

use std::collections::BTreeSet;
use std::fs;

use infra_tests::{checkout, output};

use crate::configuration::{Configuration, terraform};

/// A test for each folder, and the list of all.
macro_rules! folders {
    ($($test:ident: $folder:literal,)*) => {
        const FOLDERS: &[&str] = &[$($folder),*];
        $(
            #[test]
            fn $test() {
                is_valid_and_passes_its_tests($folder);
            }
        )*
    };
}

folders! {
    bootstrap: "environments/bootstrap",
    prod: "environments/prod",
    test: "environments/test",
    aks: "modules/aks",
    alerts: "modules/alerts",
    backup_storage: "modules/backup-storage",
    dns_zone: "modules/dns-zone",
    front_door: "modules/front-door",
    function_app: "modules/function-app",
    github_identity: "modules/github-identity",
    key_vault: "modules/key-vault",
    network: "modules/network",
    observability: "modules/observability",
    platform: "modules/platform",
    postgres: "modules/postgres",
    remote_state: "modules/remote-state",
    sizing_roles: "modules/sizing-roles",
    workload_identity: "modules/workload-identity",
}

fn is_valid_and_passes_its_tests(folder: &str) {
    let configuration = Configuration::initialised(folder, "folders");
    configuration.succeed(&["validate", "-no-color"]);
    let said = configuration.succeed(&["test", "-no-color"]);
    let end = said.lines().last().unwrap_or_default();
    let passed = end.strip_prefix("Success! ").unwrap_or_default();
    assert!(
        !passed.is_empty() && !passed.starts_with("0 "),
        "{folder} has no test of its own:\n{said}"
    );
}

#[test]
fn no_folder_is_forgotten() {
    let listed: BTreeSet<String> = FOLDERS.iter().map(|&folder| folder.to_owned()).collect();
    assert_eq!(listed, on_disk());
}

/// All modules and environments, as `modules/<name>`.
pub(crate) fn on_disk() -> BTreeSet<String> {
    let root = checkout().join("infra/terraform");
    let kinds = ["modules", "environments"];
    let folders = kinds.iter().flat_map(|kind| {
        let entries = fs::read_dir(root.join(kind)).into_iter().flatten();
        entries.map(move |entry| {
            let name = entry.expect("a folder can be read").file_name();
            format!("{kind}/{}", name.to_string_lossy())
        })
    });
    folders.collect()
}

#[test]
fn everything_is_formatted() {
    let mut format = terraform();
    format
        .current_dir(checkout().join("infra/terraform"))
        .args(["fmt", "-check", "-diff", "-recursive", "-no-color"]);
    output(&mut format);
}
