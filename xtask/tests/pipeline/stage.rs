//! A checkout, an environment that Terraform has made, and a fake Azure.

use std::fs;
use std::path::PathBuf;

use serde_json::json;
use tempfile::TempDir;

use crate::checkout::{Checkout, Ended, ended, terraform};
use crate::function_app::FunctionApp;
use crate::package::Sketch;

const APP: &str = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-test/providers/Microsoft.Web/sites/func-test";

pub(crate) struct Stage {
    pub(crate) checkout: Checkout,
    pub(crate) app: FunctionApp,
    /// The value of `--deployment-site`.
    pub(crate) site: Option<String>,
    azure: TempDir,
}

impl Stage {
    pub(crate) fn new() -> Stage {
        let azure = tempfile::tempdir().expect("a temporary folder can be created");
        let app = FunctionApp::start(azure.path());
        let folder = "infra/terraform/environment";
        let checkout = Checkout::of(&[
            (&format!("{folder}/main.tf"), "# Only the state is used.\n"),
            (&format!("{folder}/test.tfvars"), ""),
        ]);
        let output = |value: &str| json!({ "value": value, "type": "string" });
        let state = json!({
            "version": 4, "terraform_version": "1.11.0", "serial": 1, "lineage": "test", "resources": [],
            "outputs": { "api_url": output(&app.address), "function_app_id": output(APP) },
        });
        checkout.write(&format!("{folder}/terraform.tfstate"), &state.to_string());
        Stage {
            checkout,
            site: Some(app.address.clone()),
            app,
            azure,
        }
    }

    /// Writes a package to a file of the checkout, and returns its path.
    pub(crate) fn package(&self, sketch: &Sketch) -> String {
        let path = self.checkout.path(&format!("target/{}.zip", sketch.commit));
        fs::create_dir_all(path.parent().expect("it is in target")).expect("the folder is made");
        fs::write(&path, sketch.zip()).expect("the file is written");
        path.to_string_lossy().into_owned()
    }

    /// `cargo xtask <verb> test`, for the fakes, with short timeouts.
    pub(crate) fn run(&self, verb: &str, arguments: &[&str]) -> Ended {
        let mut xtask = self.checkout.xtask(&[verb, "test", "--timeout", "2"]);
        if verb != "publish" && !arguments.contains(&"--tick-timeout") {
            xtask.args(["--tick-timeout", "2"]);
        }
        if let Some(site) = &self.site {
            xtask.args(["--deployment-site", site]);
        }
        xtask
            .args(arguments)
            .env("FAKE_AZURE", self.azure.path())
            .env("TERRAFORM", terraform())
            .env("STATE_ACCOUNT", "ststate");
        ended(&mut xtask)
    }

    /// `cargo xtask deploy test` of a package.
    pub(crate) fn deploy(&self, sketch: &Sketch) -> Ended {
        self.run("deploy", &["--package", &self.package(sketch)])
    }

    /// The commands of `az`, one per line.
    pub(crate) fn calls(&self) -> String {
        fs::read_to_string(self.azure("calls")).unwrap_or_default()
    }

    /// A file that the fake `az` reads or writes.
    pub(crate) fn azure(&self, path: &str) -> PathBuf {
        self.azure.path().join(path)
    }
}
