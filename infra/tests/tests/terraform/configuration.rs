//! One folder of Terraform files, and Terraform in it.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use infra_tests::{checkout, output, program};

use crate::providers::Providers;

/// A module or a root.
pub(crate) struct Configuration {
    folder: PathBuf,
    /// Terraform's own files about it, outside of the checkout.
    data: PathBuf,
}

impl Configuration {
    /// The folder of this name in `infra/terraform`, with its providers and modules in place. Terraform
    /// stores its data under `purpose`, so that tests can use the same folder at once.
    pub(crate) fn initialised(name: &str, purpose: &str) -> Configuration {
        let configuration = Configuration {
            folder: checkout().join("infra/terraform").join(name),
            data: Path::new(env!("CARGO_TARGET_TMPDIR"))
                .join("terraform")
                .join(purpose)
                .join(name),
        };
        configuration.succeed(&["init", "-backend=false", "-input=false", "-no-color"]);
        configuration
    }

    /// The names of its test files, without their ending.
    pub(crate) fn test_files(&self) -> Vec<String> {
        let entries = fs::read_dir(self.folder.join("tests")).expect("each folder has tests");
        let names = entries.map(|entry| entry.expect("an entry can be read").file_name());
        names
            .filter_map(|name| Some(name.to_str()?.strip_suffix(".tftest.hcl")?.to_owned()))
            .collect()
    }

    /// The option for the values with which a test file runs: those of the file with the same name, if there is one.
    pub(crate) fn values_of(&self, test_file: &str) -> Option<String> {
        let values = format!("{test_file}.tfvars");
        let exists = self.folder.join(&values).exists();
        exists.then(|| format!("-var-file={values}"))
    }

    /// Runs Terraform, asserts that it succeeds, and returns its output.
    pub(crate) fn succeed(&self, words: &[&str]) -> String {
        let mut terraform = terraform();
        terraform
            .current_dir(&self.folder)
            .env("TF_DATA_DIR", &self.data)
            .args(words);
        Providers::chosen().point(&mut terraform);
        output(&mut terraform)
    }
}

/// The option that selects a test file.
pub(crate) fn filter(test_file: &str) -> String {
    format!("-filter=tests/{test_file}.tftest.hcl")
}

/// Terraform, without the settings of this machine's user, except for the configuration file: it may name mirrors for the
/// real providers.
pub(crate) fn terraform() -> Command {
    let mut terraform = Command::new(program("TERRAFORM", "terraform"));
    let ours = std::env::vars_os().map(|(name, _)| name);
    let is_theirs = |name: &OsString| {
        let name = name.to_string_lossy();
        name.starts_with("TF_") && name != "TF_CLI_CONFIG_FILE"
    };
    for name in ours.filter(is_theirs) {
        terraform.env_remove(name);
    }
    terraform
        .env("CHECKPOINT_DISABLE", "1")
        .env("TF_IN_AUTOMATION", "1");
    terraform
}
