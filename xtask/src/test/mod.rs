//! `cargo xtask test`: all checks and tests in one command.

mod checks;
mod pipelines;

use std::process::ExitCode;

use crate::steps::{self, Step};
use crate::workspace::Workspace;

/// Run every check: format, lints, dependencies, pipelines, package, tests
///
/// Stops at the first step that fails and names it. The last line is always "N passed, N failed", the sum of all
/// tests; a step that fails without a failed test counts as one failure. The programs of the checks are installed
/// once into target/tools.
#[derive(clap::Args)]
pub(crate) struct Arguments {}

/// Cheap and common failures first.
const STEPS: [Step; 7] = [
    Step {
        name: "format",
        command: "cargo fmt --all --check",
        run: checks::format,
    },
    Step {
        name: "lint",
        command: "cargo clippy --workspace --all-targets -- -D warnings",
        run: checks::lint,
    },
    Step {
        name: "dependencies",
        command: "cargo deny check bans licenses sources",
        run: checks::dependencies,
    },
    Step {
        name: "advisories",
        command: "cargo deny check advisories",
        run: checks::advisories,
    },
    Step {
        name: "pipelines",
        command: "actionlint, zizmor and check-jsonschema on the pipelines",
        run: pipelines::check,
    },
    Step {
        name: "package",
        command: "cargo xtask package",
        run: checks::package,
    },
    Step {
        name: "tests",
        command: "cargo test --workspace",
        run: checks::tests,
    },
];

/// Runs the steps, then prints the summary and the count.
pub(crate) fn run(workspace: &Workspace) -> ExitCode {
    steps::run(workspace, &STEPS)
}
