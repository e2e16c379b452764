//! The lines of the runbooks, run in order from an empty subscription.

use std::collections::BTreeSet;
use std::fmt::Write;

use infra_tests::checkout;

use crate::blocks::{blocks, filled_in};
use crate::read;
use crate::sandbox::Sandbox;

const INFRA: &str = "infra/README.md";
const HELMFILE: &str = "infra/helmfile/README.md";
const OPERATIONS: &str = "docs/operations.md";

/// A section of a runbook to run.
#[derive(Clone, Copy)]
struct Part {
    file: &'static str,
    section: &'static str,
    /// The environment of the lines, which are written for `test`.
    environment: &'static str,
}

const fn part(file: &'static str, section: &'static str) -> Part {
    Part {
        file,
        section,
        environment: "test",
    }
}

const fn in_prod(part: Part) -> Part {
    Part {
        environment: "prod",
        ..part
    }
}

const ENVIRONMENT: Part = part(INFRA, "An environment");

const BY_HAND: [Part; 10] = [
    part(INFRA, "Bootstrap"),
    ENVIRONMENT,
    part(HELMFILE, "The first time"),
    part(HELMFILE, "Two versions at once"),
    part(HELMFILE, "Never on one node"),
    part(HELMFILE, "The backup function's way in"),
    part(HELMFILE, "Long backups"),
    part(HELMFILE, "Restore a database"),
    part(HELMFILE, "Switch off, tear down"),
    part(INFRA, "Day 2"),
];

const FIRST_DEPLOYMENT: Part = part(OPERATIONS, "The first deployment, from nothing");

const FROM_NOTHING: [Part; 5] = [
    part(INFRA, "Bootstrap"),
    ENVIRONMENT,
    FIRST_DEPLOYMENT,
    in_prod(ENVIRONMENT),
    in_prod(FIRST_DEPLOYMENT),
];

const IN_A_FRESH_CLONE: [Part; 8] = [
    part(OPERATIONS, ""),
    part(OPERATIONS, "A change, and its promotion"),
    part(OPERATIONS, "Back again"),
    part(OPERATIONS, "Rotation"),
    part(OPERATIONS, "The page"),
    part(OPERATIONS, "The second clock"),
    part(OPERATIONS, "When the health check is red"),
    part(OPERATIONS, "When the cluster is lost"),
];

/// The values that a reader fills in: those that the text names, and outputs of Terraform.
const FILLED_IN: [(&str, &str); 13] = [
    ("account", "stmagnusbackup"),
    ("application insights", "appi-magnus-test"),
    ("commit", "0000000"),
    ("container", "postfacto"),
    ("function_app_name", "func-magnus-test"),
    ("name", "magnusapi"),
    ("operators.name", "operators"),
    ("owner", "example"),
    ("server", "psql-magnus-test"),
    ("state_account", "stmagnusstate"),
    ("the output pipeline, test.apply", "id-test-apply"),
    ("vault", "kv-magnus-test"),
    ("zone", "test.example.org"),
];

fn value_of(name: &str) -> String {
    let found = FILLED_IN.iter().find(|(key, _)| *key == name);
    let (_, value) = found.unwrap_or_else(|| panic!("no line says what <{name}> is"));
    (*value).to_owned()
}

/// The script of some sections. Each begins in the root of the checkout, as the runbooks say.
fn script(parts: &[Part]) -> String {
    let mut script = String::new();
    for part in parts {
        script += "cd \"$CHECKOUT\"\n";
        let blocks = blocks(&read(&checkout().join(part.file)));
        let of_section = blocks.iter().filter(|it| it.section == part.section);
        let before = script.len();
        for block in of_section {
            let text = filled_in(&block.text, value_of).replace("test", part.environment);
            writeln!(script, "at='{}:{}'\n{text}", part.file, block.line)
                .expect("a string can grow");
        }
        assert!(script.len() > before, "{}: no {}", part.file, part.section);
    }
    script
}

#[track_caller]
fn succeeds(sandbox: &Sandbox, parts: &[Part]) {
    if let Err(message) = sandbox.run(&script(parts)) {
        panic!("{message}");
    }
}

#[test]
fn runbooks_of_infra_run_in_order_from_nothing() {
    succeeds(&Sandbox::new(), &BY_HAND);
}

#[test]
fn operations_run_from_nothing_and_in_a_fresh_clone() {
    let sandbox = Sandbox::new();
    succeeds(&sandbox, &FROM_NOTHING);
    sandbox.move_to_fresh_clone();
    succeeds(&sandbox, &IN_A_FRESH_CLONE);
}

#[test]
fn every_section_with_commands_runs() {
    let all = [BY_HAND.as_slice(), &FROM_NOTHING, &IN_A_FRESH_CLONE].concat();
    for file in [INFRA, HELMFILE, OPERATIONS] {
        let blocks = blocks(&read(&checkout().join(file)));
        let sections: BTreeSet<_> = blocks.iter().map(|it| it.section.as_str()).collect();
        let run = all.iter().filter(|it| it.file == file);
        assert_eq!(sections, run.map(|it| it.section).collect(), "{file}");
    }
}

/// Lines, and the error of the last one.
const INVALID: [(&str, &str); 12] = [
    ("az logon", "no verb"),
    (
        "az login\naz aks get-credentials --name x --resource-group y --contxt z",
        "no option `--contxt`",
    ),
    (
        "az login\naz keyvault secret set --vault-name v --name \"$(true)\" --value x",
        "`--name` has no value",
    ),
    ("az storage account show --name x", "`az login`"),
    (
        "terraform -chdir=infra/terraform/environment output -raw api_url",
        "only `cargo xtask infra`",
    ),
    (
        "az login\nterraform -chdir=infra/terraform/bootstrap init",
        "the account of the state",
    ),
    (
        "kubectl --context magnus-test get pods",
        "the context magnus-test",
    ),
    ("helmfile --environment test apply", "no state file"),
    (
        "gh variable get STATE_ACCOUNT",
        "the repository's variable STATE_ACCOUNT",
    ),
    (
        "gh variable set AZURE_CLIENT_ID --env test --body x",
        "GitHub's environment test",
    ),
    (
        "az login\nexport STATE_ACCOUNT=stmagnusstate\ncargo xtask infra plan test",
        "no .terraform.lock.hcl",
    ),
    (
        "cargo run -- backup list | cat",
        "BACKUP_URL is not exported",
    ),
];

#[test]
fn invalid_lines_fail() {
    for (lines, expected) in INVALID {
        let message = Sandbox::new().run(lines).expect_err(lines);
        assert!(message.contains(expected), "{lines}\n{message}");
    }
}

/// `bootstrap` is applied, and then a line of its section is missing.
#[test]
fn a_missing_line_stops_the_lines_after_it() {
    let whole = script(&BY_HAND[..2]);
    for (missing, expected) in [
        ("az role assignment create", "a role on the account's data"),
        (
            "terraform -chdir=../bootstrap output -json environments",
            "test.bootstrap.tfvars.json has no values",
        ),
        ("kubelogin convert-kubeconfig", "kubelogin's login"),
        ("cargo xtask package", "no line before has made it"),
    ] {
        let left = whole.replace(missing, &format!("true {missing}"));
        assert_ne!(left, whole, "{missing}");
        let message = Sandbox::new().run(&left).expect_err(missing);
        assert!(message.contains(expected), "{missing}\n{message}");
    }
}
