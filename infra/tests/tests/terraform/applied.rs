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

/// Order and shape: what is made has its group, parent and scope, and what Azure returns is what was meant, so that
/// a second plan finds no difference. Which values Azure takes, only Azure knows.
#[test]
#[ignore = "it needs the real providers: cargo xtask infra --real-providers"]
fn a_second_plan_of_what_was_applied_is_empty() {
    let azure = Azure::start();
    let tree = Tree::copy();
    let bootstrap = tree.composition("bootstrap", &azure);
    bootstrap.apply();
    let environments = bootstrap.output("environments");
    for name in ["test", "prod"] {
        let environment = tree.composition(name, &azure);
        environment.write(
            "bootstrap.auto.tfvars.json",
            &environments[name].to_string(),
        );
        environment.apply();
    }
}

/// A copy of `infra/terraform`, whose states are files.
struct Tree(TempDir);

impl Tree {
    fn copy() -> Tree {
        let tree = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("there is room");
        let mut copy = Command::new("cp");
        copy.arg("-R")
            .arg(checkout().join("infra/terraform"))
            .arg(tree.path());
        output(&mut copy);
        Tree(tree)
    }

    fn composition<'a>(&self, name: &str, azure: &'a Azure) -> Composition<'a> {
        let folder = self.0.path().join("terraform/environments").join(name);
        let composition = Composition { folder, azure };
        composition.write(
            "backend_override.tf",
            "terraform {\n  backend \"local\" {}\n}\n",
        );
        let example = composition.folder.join("terraform.tfvars.example");
        let values = fs::read_to_string(example).expect("each composition has an example");
        // An address of an example would wake no person, and prod rejects it.
        composition.write(
            "terraform.tfvars",
            &values.replace("@example.org", "@numbers.dev"),
        );
        composition
    }
}

/// A folder of `environments`, ready to be applied.
struct Composition<'a> {
    folder: PathBuf,
    azure: &'a Azure,
}

impl Composition<'_> {
    fn write(&self, name: &str, text: &str) {
        fs::write(self.folder.join(name), text).expect("the copy can be written to");
    }

    /// Applies, and plans once more.
    fn apply(&self) {
        self.succeed(&["init", "-input=false", "-no-color"]);
        self.succeed(&["apply", "-input=false", "-no-color", "-auto-approve"]);
        let said = self.succeed(&["plan", "-input=false", "-no-color"]);
        let folder = self.folder.display();
        assert!(said.contains("No changes."), "{folder}:\n{said}");
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
