//! `cargo test`, counted.

use std::io::{BufReader, stdout};
use std::process::{Command, Stdio};

use anyhow::{Context, bail};

use super::{Outcome, Tally};
use crate::process;

/// Runs `cargo`, which is a `cargo test`, with `arguments` for the test programs. All tests run, also after a
/// failure, so that the count includes all.
pub(crate) fn cargo_test(cargo: &mut Command, arguments: &[&str]) -> anyhow::Result<Outcome> {
    cargo
        .args(["--no-fail-fast", "--"])
        .args(arguments)
        .stdout(Stdio::piped());
    let mut running = cargo
        .spawn()
        .map_err(|error| process::not_started(cargo, &error))?;
    let output = running
        .stdout
        .take()
        .expect("stdout was piped four lines above");
    let tally = Tally::read(BufReader::new(output), &mut stdout())
        .context("cannot read the tests' output")?;
    let status = running.wait().context("cannot wait for cargo test")?;
    match (status.success(), tally.failed) {
        // No test failed, but the command did: a test did not compile, or a test program crashed.
        (false, 0) => bail!(
            "`{}` ended with {status}; {} tests passed",
            process::line(cargo),
            tally.passed
        ),
        (true, 0) if tally.passed == 0 => bail!("no test ran"),
        _ => Ok(Outcome::Tested(tally)),
    }
}
