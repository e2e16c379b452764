//! `cargo xtask test`: every check in one command, and the count at its end.

mod checks;
mod pipelines;

use std::process::ExitCode;

use crate::steps::{self, Step};
use crate::workspace::Workspace;

/// Run every check: format, lints, dependencies, pipelines, package, tests
///
/// Stops at the first step that fails and names it. The last line is always "N passed, N failed",
/// summed over all tests; a step that fails without failing a test counts as one failure. Programs
/// that the checks need are fetched once into target/tools.
#[derive(clap::Args)]
pub(crate) struct Arguments {}

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
        name: "pipelines",
        what: "actionlint, zizmor and check-jsonschema on the pipelines",
        run: pipelines::check,
    },
    Step {
        name: "package",
        what: "cargo xtask package, which the packaged program's doctor judges",
        run: checks::package,
    },
    Step {
        name: "tests",
        what: "cargo test --workspace",
        run: checks::tests,
    },
];

/// Runs the steps, then prints the summary and the count.
pub(crate) fn run(workspace: &Workspace) -> ExitCode {
    steps::run(workspace, &STEPS)
}
