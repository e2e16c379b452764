//! The summary of the steps.

use std::fmt;
use std::time::Duration;

use super::Outcome;
use super::tally::Tally;

/// The steps so far. Its text ends with the line `N passed, N failed`.
#[derive(Default)]
pub(super) struct Summary {
    lines: Vec<String>,
    tests: Tally,
    /// The step that failed.
    pub(super) failed: Option<&'static str>,
}

impl Summary {
    /// Adds a step and returns its line. A step that failed without a failed test counts as one, so a failed run never
    /// ends with "0 failed".
    pub(super) fn add(
        &mut self,
        step: &'static str,
        time: Duration,
        result: anyhow::Result<Outcome>,
    ) -> &str {
        let mut tests = Tally::default();
        let ending = match result {
            Ok(Outcome::Passed) => "ok".to_owned(),
            Ok(Outcome::Skipped(reason)) => format!("SKIPPED: {reason}"),
            Ok(Outcome::Tested(tally)) => {
                tests = tally;
                match tally {
                    Tally { passed, failed: 0 } => format!("ok, {passed} tests"),
                    Tally { passed, failed } => {
                        format!("FAILED: {failed} of {} tests", passed + failed)
                    }
                }
            }
            Err(error) => {
                tests.failed = 1;
                format!("FAILED: {error:#}")
            }
        };
        if tests.failed > 0 {
            self.failed = Some(step);
        }
        self.tests.passed += tests.passed;
        self.tests.failed += tests.failed;
        self.line(step, &format!("{:.1} s", time.as_secs_f64()), &ending)
    }

    /// Adds a step after one that failed.
    pub(super) fn not_run(&mut self, step: &str) {
        self.line(step, "-", "not run");
    }

    fn line(&mut self, step: &str, time: &str, ending: &str) -> &str {
        self.lines.push(format!("{step:<14}{time:>9}  {ending}"));
        self.lines.last().expect("it was pushed above")
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "==> summary")?;
        for line in &self.lines {
            writeln!(f, "    {line}")?;
        }
        if let Some(step) = self.failed {
            writeln!(f, "\nthe step \"{step}\" failed")?;
        }
        let Tally { passed, failed } = self.tests;
        write!(f, "{passed} passed, {failed} failed")
    }
}

#[cfg(test)]
mod tests {
    use anyhow::anyhow;

    use super::*;

    const TIME: Duration = Duration::from_secs(2);

    #[test]
    fn last_line_is_the_count() {
        let mut summary = Summary::default();
        let tests = Tally {
            passed: 7,
            failed: 2,
        };
        summary.add("format", TIME, Ok(Outcome::Passed));
        summary.add("tests", TIME, Ok(Outcome::Tested(tests)));
        let text = summary.to_string();
        assert!(text.ends_with("\n7 passed, 2 failed"), "{text}");
    }

    #[test]
    fn failed_and_skipped_steps_are_named_and_a_failure_without_a_test_counts() {
        let mut summary = Summary::default();
        let skipped = Outcome::Skipped("no network".to_owned());
        summary.add("advisories", TIME, Ok(skipped));
        summary.add("lint", TIME, Err(anyhow!("a warning")));
        summary.not_run("tests");
        let text = summary.to_string();
        for expected in [
            "SKIPPED: no network",
            "2.0 s  FAILED: a warning",
            "not run",
            "the step \"lint\" failed",
            "0 passed, 1 failed",
        ] {
            assert!(text.contains(expected), "{expected} is not in:\n{text}");
        }
    }
}
