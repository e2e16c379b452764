//! `cargo xtask test`: every check in one command, and the count at its end.

mod checks;
mod report;
mod tally;

use std::process::ExitCode;
use std::time::Instant;

use crate::workspace::Workspace;
use report::{Ending, Report};
use tally::Tally;

/// Run every check: format, lints, dependencies, package, tests
///
/// Stops at the first step that fails and names it. The last line is always "N passed, N failed",
/// summed over all tests; a step that fails without failing a test counts as one failure. Programs
/// that the checks need are fetched once into target/tools.
#[derive(clap::Args)]
pub(crate) struct Arguments {}

/// What a step came to, when it did not fail.
enum Outcome {
    Passed,
    /// It could not run here, for this reason, and the rest can do without.
    LeftOut(String),
    /// It ran tests. Some may have failed.
    Tested(Tally),
}

/// A step: what it is called, what a person would type for it, and what it does.
struct Step {
    name: &'static str,
    what: &'static str,
    run: fn(&Workspace) -> anyhow::Result<Outcome>,
}

/// Cheap and common failures first.
const STEPS: [Step; 7] = [
    Step {
        name: "format",
        what: "cargo fmt --all --check",
        run: checks::format,
    },
    Step {
        name: "lint",
        what: "cargo clippy --workspace --all-targets -- -D warnings",
        run: checks::lint,
    },
    Step {
        name: "dependencies",
        what: "cargo deny check bans licenses sources",
        run: checks::dependencies,
    },
    Step {
        name: "advisories",
        what: "cargo deny check advisories",
        run: checks::advisories,
    },
    Step {
        name: "package",
        what: "cargo xtask package",
        run: checks::package,
    },
    Step {
        name: "doctor",
        what: "magnusapi doctor, on target/app and on its zip",
        run: checks::doctor,
    },
    Step {
        name: "tests",
        what: "cargo test --workspace",
        run: checks::tests,
    },
];

/// Runs the steps, then prints the summary and the count.
pub(crate) fn run(workspace: &Workspace) -> ExitCode {
    let mut report = Report::default();
    for step in &STEPS {
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
