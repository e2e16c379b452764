//! The providers of the tests.

use std::env;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::LazyLock;

use infra_tests::{checkout, fetched_program};

/// The source of Terraform's providers, for all tests.
pub(crate) enum Providers {
    /// Terraform installs the real ones from its registry.
    Registry {
        /// Its cache, for all folders.
        cache: PathBuf,
    },
    /// The stub serves them.
    Stub(Stub),
}

impl Providers {
    /// As `TERRAFORM_PROVIDERS` chooses: `registry`, else the stub.
    pub(crate) fn chosen() -> &'static Providers {
        static CHOSEN: LazyLock<Providers> =
            LazyLock::new(|| match env::var("TERRAFORM_PROVIDERS").as_deref() {
                Err(_) | Ok("stub") => Providers::Stub(Stub::start()),
                Ok("registry") => Providers::Registry { cache: cache() },
                Ok(other) => {
                    panic!("TERRAFORM_PROVIDERS={other} is unknown: set it to registry or stub")
                }
            });
        &CHOSEN
    }

    /// Makes `terraform` find them.
    pub(crate) fn point(&self, terraform: &mut Command) {
        match self {
            Providers::Stub(stub) => terraform.env("TF_REATTACH_PROVIDERS", &stub.addresses),
            // One copy for all folders: the providers have some hundred megabytes.
            Providers::Registry { cache } => terraform
                .env("TF_PLUGIN_CACHE_DIR", cache)
                .env("TF_PLUGIN_CACHE_MAY_BREAK_DEPENDENCY_LOCK_FILE", "1"),
        };
    }
}

fn cache() -> PathBuf {
    let cache = Path::new(env!("CARGO_TARGET_TMPDIR")).join("terraform-providers");
    fs::create_dir_all(&cache).expect("the build folder can be written to");
    cache
}

/// The stub of all providers, as a process that ends with this one.
pub(crate) struct Stub {
    /// The value of `TF_REATTACH_PROVIDERS`.
    pub(crate) addresses: String,
    /// It serves until its input ends.
    _process: Child,
}

impl Stub {
    fn start() -> Stub {
        let folder = checkout().join("infra/tests/providers");
        let mut process = Command::new(fetched_program("TFPLUGIN_PYTHON"))
            .arg(folder.join("stub.py"))
            .args(["azapi.json", "azurerm.json"].map(|contract| folder.join(contract)))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("Python starts");
        let mut addresses = String::new();
        let message = process.stdout.as_mut().expect("it is piped");
        BufReader::new(message)
            .read_line(&mut addresses)
            .expect("it can be read");
        assert!(
            addresses.starts_with('{'),
            "the stub of the providers does not start; its message is above"
        );
        Stub {
            addresses: addresses.trim_end().to_owned(),
            _process: process,
        }
    }
}
