//! Runs checks one after the other, and prints their count.

mod cargo_test;
mod summary;
mod tally;

use std::process::{Command, ExitCode};
use std::time::Instant;

use crate::process;
use crate::workspace::Workspace;
pub(crate) use cargo_test::cargo_test;
use summary::Summary;
use tally::Tally;

/// The result of a step that did not fail.
pub(crate) enum Outcome {
    Passed,
    /// It cannot run here, for this reason, and the other steps do not need it.
    Skipped(String),
    /// It ran tests. Some may have failed.
    Tested(Tally),
}

pub(crate) struct Step {
    pub(crate) name: &'static str,
    /// As a person would type it.
    pub(crate) command: &'static str,
    pub(crate) run: fn(&Workspace) -> anyhow::Result<Outcome>,
}

/// Runs the steps up to the first that fails, then prints the summary and the count.
pub(crate) fn run(workspace: &Workspace, steps: &[Step]) -> ExitCode {
    let mut summary = Summary::default();
    for step in steps {
        if summary.failed.is_some() {
            summary.not_run(step.name);
            continue;
        }
        println!("==> {}: {}", step.name, step.command);
        let begin = Instant::now();
        let result = (step.run)(workspace);
        let line = summary.add(step.name, begin.elapsed(), result);
        println!("    {line}");
    }
    println!("\n{summary}");
    match summary.failed {
        None => ExitCode::SUCCESS,
        Some(_) => ExitCode::FAILURE,
    }
}

/// A step that is one command.
pub(crate) fn passed(command: &mut Command) -> anyhow::Result<Outcome> {
    process::run(command)?;
    Ok(Outcome::Passed)
}
