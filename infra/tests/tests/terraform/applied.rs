//! Everything applied by the real providers, against the stand-in for Azure.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use infra_tests::{checkout, output};
use serde_json::Value;
use tempfile::TempDir;

use crate::azure::Azure;
use crate::configuration::terraform;
use crate::providers::Providers;

/// Order and shape: each resource has its group, parent and scope, and a read returns the written values, so a second
/// plan finds no difference. Only Azure shows which values it accepts.
#[test]
#[ignore = "it needs the real providers: cargo xtask infra --real-providers"]
fn a_second_plan_is_empty() {
    let azure = Azure::start();
    let tree = Tree::copy();
    let bootstrap = tree.composition("bootstrap", &azure);
    let example = fs::read_to_string(bootstrap.folder.join("terraform.tfvars.example"));
    bootstrap.write("terraform.tfvars", &example.expect("it has an example"));
    bootstrap.apply(&[]);
    let environments = bootstrap.output("environments");
    for name in ["test", "prod"] {
        // A copy for each, since their states are files of the folder.
        let environment = Tree::copy();
        let environment = environment.composition("environment", &azure);
        environment.write("bootstrap.tfvars.json", &environments[name].to_string());
        environment.write("own.tfvars", OWN);
        let files = [
            &format!("{name}.tfvars"),
            "bootstrap.tfvars.json",
            "own.tfvars",
        ];
        let values = files.map(|file| format!("-var-file={file}"));
        environment.apply(&values.each_ref().map(String::as_str));
    }
}

/// The values that an operator fills in.
const OWN: &str = r#"
alert_emails         = ["operations@numbers.dev"]
api_server_ip_ranges = ["198.51.100.0/24"]
operator_ip_ranges   = ["198.51.100.0/24"]
"#;

/// A copy of `infra/terraform`, whose states are files.
struct Tree(TempDir);

impl Tree {
    fn copy() -> Tree {
        let tree = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))
            .expect("the build folder can be written to");
        let mut copy = Command::new("cp");
        copy.arg("-R")
            .arg(checkout().join("infra/terraform"))
            .arg(tree.path());
        output(&mut copy);
        Tree(tree)
    }

    fn composition<'a>(&self, name: &str, azure: &'a Azure) -> Composition<'a> {
        let folder = self.0.path().join("terraform").join(name);
        let composition = Composition { folder, azure };
        composition.write(
            "backend_override.tf",
            "terraform {\n  backend \"local\" {}\n}\n",
        );
        composition
    }
}

/// A root, ready to be applied.
struct Composition<'a> {
    folder: PathBuf,
    azure: &'a Azure,
}

impl Composition<'_> {
    fn write(&self, name: &str, text: &str) {
        fs::write(self.folder.join(name), text).expect("the copy can be written to");
    }

    /// Applies, and plans once more.
    fn apply(&self, values: &[&str]) {
        self.succeed(&["init", "-input=false", "-no-color"]);
        let apply = ["apply", "-input=false", "-no-color", "-auto-approve"];
        self.succeed(&[&apply, values].concat());
        let plan = ["plan", "-input=false", "-no-color"];
        let message = self.succeed(&[&plan, values].concat());
        let folder = self.folder.display();
        assert!(message.contains("No changes."), "{folder}:\n{message}");
    }

    fn output(&self, name: &str) -> Value {
        let text = self.succeed(&["output", "-json", name]);
        serde_json::from_str(&text).expect("an output is JSON")
    }

    fn succeed(&self, words: &[&str]) -> String {
        let mut terraform = terraform();
        terraform.current_dir(&self.folder).args(words);
        terraform.envs(self.azure.variables());
        Providers::chosen().point(&mut terraform);
        output(&mut terraform)
    }
}
