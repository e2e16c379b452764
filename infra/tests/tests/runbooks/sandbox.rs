//! The environment of a runbook's lines: a copy of their files, and the programs of `infra/tests/runbooks` first on PATH.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use infra_tests::{checkout, fetched_program};
use serde_json::{Map, Value};
use tempfile::TempDir;

use crate::blocks::PROGRAMS;

/// The files that the commands read.
const FILES: [&str; 13] = [
    "azure.yaml",
    "infra/helmfile/helmfile.yaml.gotmpl",
    "infra/terraform/bootstrap/main.tf",
    "infra/terraform/bootstrap/outputs.tf",
    "infra/terraform/bootstrap/terraform.tfvars.example",
    "infra/terraform/bootstrap/variables.tf",
    "infra/terraform/environment/main.tf",
    "infra/terraform/environment/outputs.tf",
    "infra/terraform/environment/prod.tfvars",
    "infra/terraform/environment/test.tfvars",
    "infra/terraform/environment/variables.tf",
    "infra/tests/azure.sample.json",
    "scale.toml",
];

/// Seconds that a shell may run; on a quiet machine it needs five.
const LIMIT: &str = "300";

/// A checkout, and the state of the fakes.
pub(crate) struct Sandbox {
    folder: TempDir,
}

impl Sandbox {
    pub(crate) fn new() -> Sandbox {
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"));
        let sandbox = Sandbox {
            folder: folder.expect("the build folder can be written to"),
        };
        for file in FILES {
            let copy = sandbox.path("checkout").join(file);
            fs::create_dir_all(copy.parent().expect("it is in the sandbox")).expect("it is made");
            fs::copy(checkout().join(file), copy).unwrap_or_else(|error| panic!("{file}: {error}"));
        }
        for folder in
            ["test", "prod"].map(|name| format!("checkout/infra/helmfile/environments/{name}"))
        {
            fs::create_dir_all(sandbox.path(&folder)).expect("it is made");
        }
        fs::create_dir(sandbox.path("tmp")).expect("it is made");
        sandbox.write_programs();
        sandbox
    }

    fn write_programs(&self) {
        fs::create_dir(self.path("bin")).expect("it is made");
        let python = fetched_program("TFPLUGIN_PYTHON");
        let programs = checkout().join("infra/tests/runbooks/programs.py");
        for name in PROGRAMS {
            let text = format!(
                "#!/bin/sh\nexec '{}' -B '{}' {name} \"$@\"\n",
                python.display(),
                programs.display()
            );
            let path = self.path("bin").join(name);
            fs::write(&path, text).expect("it is written");
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("it is ours");
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Runs a script from the root of the checkout. Returns the failures, line by line.
    pub(crate) fn run(&self, script: &str) -> Result<(), String> {
        let file = self.path("script");
        // Lines that write to /tmp must not collide with those of another test.
        let script = script.replace("/tmp/", &format!("{}/", self.path("tmp").display()));
        fs::write(&file, format!("{PROLOGUE}{script}")).expect("it is written");
        let system = std::env::var("PATH").unwrap_or_default();
        let mut bash = Command::new("timeout");
        bash.args([LIMIT, "bash"])
            .arg(&file)
            .current_dir(self.path("checkout"))
            .env_clear()
            .env("CHECKOUT", self.path("checkout"))
            .env("EDITOR", "true")
            .env("HOME", self.folder.path())
            .env("PATH", format!("{}:{system}", self.path("bin").display()))
            .env("WORLD", self.path("world"));
        let output = bash.output().expect("bash starts");
        let failures = self.world()["failures"].take();
        if output.status.success() && failures.is_null() {
            return Ok(());
        }
        let message = String::from_utf8_lossy(&output.stderr);
        Err(format!("{message}\n{failures:#}\n{}", output.status))
    }

    /// A shell on another machine, in a fresh clone: no login, no context, nothing that is not committed.
    pub(crate) fn move_to_fresh_clone(&self) {
        let kept = |key: &String| {
            let of_machine = ["context ", "init ", "login", "plan "];
            !of_machine.iter().any(|start| key.starts_with(start))
        };
        let world: Map<String, Value> =
            serde_json::from_value(self.world()).expect("it is a mapping");
        let world: Map<_, _> = world.into_iter().filter(|(key, _)| kept(key)).collect();
        fs::write(self.path("world"), Value::from(world).to_string()).expect("it is written");
        let _ = fs::remove_dir_all(self.path("checkout/target"));
        for name in ["test", "prod"] {
            let values = Path::new("checkout/infra/helmfile/environments").join(name);
            let _ = fs::remove_file(self.folder.path().join(values).join("azure.json"));
        }
    }

    fn world(&self) -> Value {
        let text = fs::read_to_string(self.path("world")).unwrap_or_default();
        serde_json::from_str(&text).unwrap_or(Value::Object(Map::new()))
    }
}

/// A failing line ends the script and is named. Background programs end with it.
const PROLOGUE: &str = "\
set -Eeuo pipefail
trap 'echo \"${at:-}: $BASH_COMMAND\" >&2' ERR
trap 'kill $(jobs -p) 2>/dev/null || true' EXIT
";
