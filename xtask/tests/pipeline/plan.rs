//! `cargo xtask infra plan`, `apply` and `values`, and `helmfile`, with the real Terraform, which changes only its
//! state.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use crate::checkout::{Checkout, Ended, ended, terraform};

/// `terraform_data` needs no external provider.
const MAIN: &str = r#"
variable "size" {
  type = string
}

variable "name" {
  type = string
}

resource "terraform_data" "size" {
  input = var.size
}

output "helmfile" {
  value = {
    clusterName          = "aks-${terraform_data.size.output}"
    clusterResourceGroup = "rg-${var.name}"
    contextName          = var.name
    subscriptionId       = "00000000-0000-0000-0000-000000000000"
  }
}
"#;

/// The sizes of the environments, and their names as bootstrap gives them.
const TEST: [&str; 2] = ["size = \"small\"\n", r#"{"name": "magnus-test"}"#];
const PROD: [&str; 2] = ["size = \"large\"\n", r#"{"name": "magnus-prod"}"#];

fn checkout() -> Checkout {
    let file = |name| format!("infra/terraform/environment/{name}");
    Checkout::of(&[
        (&file("main.tf"), MAIN),
        (&file("prod.tfvars"), PROD[0]),
        (&file("prod.bootstrap.tfvars.json"), PROD[1]),
        (&file("test.tfvars"), TEST[0]),
        (&file("test.bootstrap.tfvars.json"), TEST[1]),
        ("infra/helmfile/environments/test/values.yaml", "{}\n"),
        ("infra/helmfile/helmfile.yaml.gotmpl", "releases: []\n"),
    ])
}

fn run(checkout: &Checkout, arguments: &[&str]) -> Ended {
    ended(&mut command(checkout, arguments))
}

fn command(checkout: &Checkout, arguments: &[&str]) -> Command {
    let azure = checkout.path("target/azure");
    fs::create_dir_all(&azure).expect("the folder is made");
    let mut xtask = checkout.xtask(arguments);
    xtask.env("TERRAFORM", terraform()).env("FAKE_AZURE", azure);
    xtask
}

#[test]
fn plan_is_applied_and_then_nothing_has_drifted() {
    let checkout = checkout();
    let ahead = run(&checkout, &["infra", "plan", "test", "--drift"]);
    assert_eq!(ahead.code, Some(2), "{}", ahead.text);
    let shown = run(&checkout, &["infra", "apply", "test", "--dry-run"]).succeeded();
    assert!(shown.contains("terraform_data.size"), "{shown}");
    run(&checkout, &["infra", "values", "test"]).failed(&["no output helmfile"]);
    run(&checkout, &["infra", "apply", "test"]).succeeded();
    run(&checkout, &["infra", "plan", "test", "--drift"]).succeeded();
    run(&checkout, &["infra", "values", "test"]).succeeded();
    let values = checkout.path("infra/helmfile/environments/test/azure.json");
    let values = fs::read_to_string(values).unwrap();
    assert!(values.contains(r#""clusterName": "aks-small""#), "{values}");
}

#[test]
fn other_environments_other_commits_and_changed_files_are_refused() {
    let checkout = checkout();
    run(&checkout, &["infra", "apply", "test"]).failed(&["cargo xtask infra plan"]);
    run(&checkout, &["infra", "plan", "test", "--no-lock"]).succeeded();
    let plan = checkout.path("target/plans/test.tfplan");
    let others = ["infra", "apply", "prod", "--plan", plan.to_str().unwrap()];
    run(&checkout, &others).failed(&["of the environment \"test\"", "\"prod\""]);

    let bytes = fs::read(&plan).unwrap();
    fs::write(&plan, [&bytes[..], b" "].concat()).unwrap();
    run(&checkout, &["infra", "apply", "test"]).failed(&["SHA-256", "plan again"]);

    fs::write(&plan, bytes).unwrap();
    checkout.write("README.md", "later");
    checkout.commit();
    run(&checkout, &["infra", "apply", "test"]).failed(&["of the commit", "plan again"]);
    let state = checkout.path("infra/terraform/environment/terraform.tfstate");
    assert!(!state.exists(), "nothing was applied");
}

/// Both environments have one folder. Each plan has the values of its own, and init selects its container.
#[test]
fn each_environment_has_its_own_values_and_state() {
    let checkout = checkout();
    for (environment, size) in [("test", "small"), ("prod", "large")] {
        let text = run(&checkout, &["infra", "plan", environment]).succeeded();
        assert!(text.contains(&format!("\"{size}\"")), "{text}");
    }
    let calls = checkout.path("target/calls");
    let program = checkout.path("target/terraform");
    let text = format!(
        "#!/bin/sh\necho \"$TF_DATA_DIR $*\" >> {}\n",
        calls.display()
    );
    fs::write(&program, text).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    for environment in ["test", "prod"] {
        let mut xtask = command(&checkout, &["infra", "terraform", environment, "output"]);
        xtask
            .env("TERRAFORM", &program)
            .env("STATE_ACCOUNT", "ststate");
        ended(&mut xtask).succeeded();
    }
    let calls = fs::read_to_string(calls).unwrap();
    let inits: Vec<_> = calls.lines().filter(|it| it.contains(" init ")).collect();
    for (call, environment) in inits.iter().zip(["test", "prod"]) {
        let data = format!(".terraform/{environment} init");
        let container = format!("-backend-config=container_name={environment}");
        assert!(
            call.contains(&data) && call.ends_with(&container),
            "{calls}"
        );
    }
    assert_eq!(inits.len(), 2, "{calls}");
}

#[test]
fn terraform_runs_in_an_environment_with_its_values() {
    let checkout = checkout();
    let terraform = |words: &[&str]| {
        let verb = [&["infra", "terraform", "test"], words].concat();
        run(&checkout, &verb).succeeded()
    };
    terraform(&["apply", "-auto-approve"]);
    let context = terraform(&["output", "-json", "helmfile"]);
    assert!(context.contains("aks-small"), "{context}");
    terraform(&["destroy", "-auto-approve"]);
    let resources = terraform(&["state", "list"]);
    assert!(!resources.contains("terraform_data"), "{resources}");
}

#[test]
fn drift_opens_one_issue() {
    let checkout = checkout();
    for _ in 0..2 {
        let verb = ["infra", "plan", "test", "--drift", "--open-issue"];
        assert_eq!(run(&checkout, &verb).code, Some(2));
    }
    let issues = fs::read_to_string(checkout.path("target/azure/issues")).unwrap();
    assert_eq!(issues, "The environment test has drifted\n");
}

#[test]
fn helmfile_gets_the_environments_own_cluster() {
    let checkout = checkout();
    run(&checkout, &["infra", "plan", "test"]).succeeded();
    run(&checkout, &["infra", "apply", "test"]).succeeded();
    for (verb, helmfile) in [
        (&["helmfile", "test", "--dry-run"][..], "diff"),
        (&["helmfile", "test"], "apply"),
    ] {
        let text = run(&checkout, verb).succeeded();
        let expected =
            format!("helmfile --environment test {helmfile}, context: magnus-test converted");
        assert!(text.contains(&expected), "{text}");
    }
    let calls = fs::read_to_string(checkout.path("target/azure/calls")).unwrap();
    assert!(
        calls.contains("--name aks-small --context magnus-test"),
        "{calls}"
    );
}

/// Helm's own difference is empty then, so no apply would repair it.
#[test]
fn namespace_without_its_labels_fails_the_apply() {
    let checkout = checkout();
    run(&checkout, &["infra", "plan", "test"]).succeeded();
    run(&checkout, &["infra", "apply", "test"]).succeeded();
    let mut xtask = command(&checkout, &["helmfile", "test"]);
    ended(xtask.env("FAKE_CLUSTER", "labels: none"))
        .failed(&["-labels: none", "--selector tier=namespaces sync"]);
}

#[test]
fn unknown_environments_are_rejected() {
    let checkout = checkout();
    for name in ["stage", "../environment/test", ""] {
        run(&checkout, &["infra", "plan", name]).failed(&["there is no environment"]);
    }
}
