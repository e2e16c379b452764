//! The stub's contract matches the providers, as far as it is used.

use std::io::Write;
use std::process::{Command, Stdio};

use infra_tests::{checkout, fetched_program};

use crate::configuration::Configuration;

/// With the stub, this proves that it serves exactly the used parts of the contract; with the real providers, that the
/// contract still matches them.
#[test]
fn the_contract_matches_the_providers() {
    let module = Configuration::initialised("modules/function-app", "contract");
    let schemas = module.succeed(&["providers", "schema", "-json"]);
    let mut comparison = Command::new(fetched_program("TFPLUGIN_PYTHON"))
        .arg(checkout().join("infra/tests/providers/contract.py"))
        .arg("--check")
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("Python starts");
    let mut input = comparison.stdin.take().expect("it is piped");
    // It reads all of its input before it writes.
    input
        .write_all(schemas.as_bytes())
        .expect("Python reads what it is given");
    drop(input);
    let output = comparison.wait_with_output().expect("Python ends");
    let message = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{message}");
}
