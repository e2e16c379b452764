//! Checks one after the other, each announced, and the count at their end.

mod cargo_test;
mod report;
mod tally;

use std::process::{Command, ExitCode};
use std::time::Instant;

use crate::process;
use crate::workspace::Workspace;
pub(crate) use cargo_test::cargo_test;
use report::{Ending, Report};
use tally::Tally;

/// What a step came to, when it did not fail.
pub(crate) enum Outcome {
    Passed,
    /// It could not run here, for this reason, and the rest can do without.
    LeftOut(String),
    /// It ran tests. Some may have failed.
    Tested(Tally),
}

/// A step: what it is called, what a person would type for it, and what it does.
pub(crate) struct Step {
    pub(crate) name: &'static str,
    pub(crate) what: &'static str,
    pub(crate) run: fn(&Workspace) -> anyhow::Result<Outcome>,
}

/// Runs the steps up to the first that fails, then prints the summary and the count.
pub(crate) fn run(workspace: &Workspace, steps: &[Step]) -> ExitCode {
    let mut report = Report::default();
    for step in steps {
        if report.has_failed() {
            report.add(step.name, None, Ending::NotRun);
            continue;
        }
        println!("==> {}: {}", step.name, step.what);
        let begin = Instant::now();
        let ending = Ending::of((step.run)(workspace));
        report.add(step.name, Some(begin.elapsed()), ending);
        println!("    {}", report.last_line());
    }
    println!("\n{report}");
    if report.has_failed() {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    }
}

/// A step that is one command.
pub(crate) fn passed(command: &mut Command) -> anyhow::Result<Outcome> {
    process::run(command)?;
    Ok(Outcome::Passed)
}
