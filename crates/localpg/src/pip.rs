//! pip, for packages that are pinned by hash.

use std::path::Path;
use std::process::Command;

/// The command with which `python` installs the packages of the file `requirements`.
///
/// pip accepts wheels only, and rejects a file whose hash the requirements do not contain.
pub fn pip_install(python: &Path, requirements: &Path) -> Command {
    let mut pip = Command::new(python);
    pip.args(["-m", "pip", "install", "--quiet", "--no-input"]);
    pip.args(["--disable-pip-version-check", "--only-binary=:all:"]);
    pip.args(["--require-hashes", "--requirement"]);
    pip.arg(requirements);
    pip
}
