//! The contract that the stub serves is what the providers have, as far as it is used.

use std::io::Write;
use std::process::{Command, Stdio};

use infra_tests::{checkout, fetched_program};

use crate::configuration::Configuration;

/// Of the stub this proves that it serves the contract, all of it and nothing that is not used; of the
/// real providers that the contract is still theirs.
#[test]
fn the_contract_is_what_the_providers_answer() {
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
    // It reads all before it says anything.
    input
        .write_all(schemas.as_bytes())
        .expect("Python reads what it is given");
    drop(input);
    let output = comparison.wait_with_output().expect("Python ends");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
}
