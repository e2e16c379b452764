//! Each folder of `infra/terraform`: valid, and its own tests pass.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use infra_tests::{checkout, output};

use crate::configuration::{Configuration, filter, terraform};

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
    bootstrap: "bootstrap",
    environment: "environment",
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
    postgres: "modules/postgres",
    remote_state: "modules/remote-state",
    second_clock: "modules/second-clock",
    sizing_roles: "modules/sizing-roles",
    workload_identity: "modules/workload-identity",
}

fn is_valid_and_passes_its_tests(folder: &str) {
    let configuration = Configuration::initialised(folder, "folders");
    configuration.succeed(&["validate", "-no-color"]);
    let files = configuration.test_files();
    let (sized, plain): (Vec<_>, Vec<_>) = files
        .into_iter()
        .partition(|name| configuration.values_of(name).is_some());
    if !plain.is_empty() || sized.is_empty() {
        passes_tests(&configuration, folder, &plain, None);
    }
    for name in sized {
        let values = configuration.values_of(&name);
        passes_tests(&configuration, folder, &[name], values);
    }
}

/// These test files pass, with the values of a file if it is named.
fn passes_tests(
    configuration: &Configuration,
    folder: &str,
    files: &[String],
    values: Option<String>,
) {
    let filters = files.iter().map(|name| filter(name));
    let words: Vec<_> = ["test", "-no-color"]
        .map(str::to_owned)
        .into_iter()
        .chain(values)
        .chain(filters)
        .collect();
    let words: Vec<_> = words.iter().map(String::as_str).collect();
    let output = configuration.succeed(&words);
    let end = output.lines().last().unwrap_or_default();
    let passed = end.strip_prefix("Success! ").unwrap_or_default();
    assert!(
        !passed.is_empty() && !passed.starts_with("0 "),
        "{folder} ran no test:\n{output}"
    );
}

#[test]
fn every_folder_has_a_test() {
    let listed: BTreeSet<String> = FOLDERS.iter().map(|&folder| folder.to_owned()).collect();
    assert_eq!(listed, on_disk());
}

/// The roots, and all modules as `modules/<name>`.
pub(crate) fn on_disk() -> BTreeSet<String> {
    let root = checkout().join("infra/terraform");
    let roots = names(&root).into_iter();
    let roots = roots.filter(|name| name != "mocks" && name != "modules");
    let modules = names(&root.join("modules")).into_iter();
    roots
        .chain(modules.map(|name| format!("modules/{name}")))
        .collect()
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("the folder can be read");
    let names = entries.map(|entry| entry.expect("an entry can be read").file_name());
    names
        .map(|name| name.to_string_lossy().into_owned())
        .filter(|name| !name.starts_with('.'))
        .collect()
}

#[test]
fn everything_is_formatted() {
    let mut format = terraform();
    format
        .current_dir(checkout().join("infra/terraform"))
        .args(["fmt", "-check", "-diff", "-recursive", "-no-color"]);
    output(&mut format);
}
