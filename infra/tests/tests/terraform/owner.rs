//! The state of one environment rejects commands with the values of another one.

use std::fs;
use std::process::Command;

use infra_tests::{checkout, output};
use tempfile::TempDir;

use crate::configuration::terraform;

const VARIABLES: [&str; 5] = [
    "dns_zone",
    "environment",
    "name",
    "resource_group",
    "subscription_id",
];

/// The files' own blocks, without the resources that need Azure.
#[test]
fn plan_apply_and_destroy_reject_the_state_of_another_environment() {
    let folder = tempfile::tempdir().expect("a temporary folder is created");
    let read = |file: &str| {
        let path = checkout().join("infra/terraform/environment").join(file);
        fs::read_to_string(path).expect("the environment has this file")
    };
    let variables = read("variables.tf");
    let blocks = VARIABLES.map(|name| block(&variables, &format!("variable \"{name}\"")));
    let owner = block(
        &read("terraform.tf"),
        "resource \"terraform_data\" \"owner\"",
    );
    fs::write(folder.path().join("main.tf"), blocks.concat() + &owner).expect("it is written");
    output(&mut command(&folder, &["init"], None));
    output(&mut command(
        &folder,
        &["apply", "-auto-approve"],
        Some("test"),
    ));
    output(&mut command(
        &folder,
        &["plan", "-detailed-exitcode"],
        Some("test"),
    ));
    for words in [
        ["plan", "-no-color"].as_slice(),
        &["apply", "-no-color", "-auto-approve"],
        &["destroy", "-no-color", "-auto-approve"],
    ] {
        let rejected = command(&folder, words, Some("prod")).output();
        let rejected = rejected.expect("Terraform starts");
        let text = String::from_utf8_lossy(&rejected.stderr);
        assert!(!rejected.status.success(), "{words:?}");
        assert!(
            text.contains("This is the state of /subscriptions/s/resourceGroups/rg-numbers-test"),
            "{text}"
        );
    }
    output(&mut command(
        &folder,
        &["destroy", "-auto-approve"],
        Some("test"),
    ));
}

fn command(folder: &TempDir, words: &[&str], environment: Option<&str>) -> Command {
    let mut terraform = terraform();
    terraform.current_dir(folder.path()).args(words);
    if let Some(environment) = environment {
        let group = format!(
            r#"{{"id": "/subscriptions/s/resourceGroups/rg-numbers-{environment}", "name": "rg"}}"#
        );
        let zone = r#"{"id": "/subscriptions/s/zone", "name": "z", "resource_group_id": "g", "resource_group_name": "g"}"#;
        for (name, value) in [
            ("dns_zone", zone),
            ("environment", environment),
            ("name", &format!("numbers-{environment}")),
            ("resource_group", &group),
            ("subscription_id", "s"),
        ] {
            terraform.env(format!("TF_VAR_{name}"), value);
        }
    }
    terraform
}

/// The block of a formatted file that begins with `start`.
fn block(text: &str, start: &str) -> String {
    let at = text.find(start).expect("the file has this block");
    let end = text[at..].find("\n}\n").expect("a block ends") + 3;
    text[at..at + end].to_owned()
}
