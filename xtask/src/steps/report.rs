//! What the steps came to, as a person reads it at the end.

use std::fmt;
use std::time::Duration;

use super::Outcome;
use super::tally::Tally;

/// How a step ended.
pub(super) enum Ending {
    Passed,
    LeftOut(String),
    Tested(Tally),
    Failed(String),
    NotRun,
}

impl Ending {
    pub(super) fn of(result: anyhow::Result<Outcome>) -> Self {
        match result {
            Ok(Outcome::Passed) => Self::Passed,
            Ok(Outcome::LeftOut(reason)) => Self::LeftOut(reason),
            Ok(Outcome::Tested(tally)) => Self::Tested(tally),
            Err(error) => Self::Failed(format!("{error:#}")),
        }
    }

    fn has_failed(&self) -> bool {
        match self {
            Self::Failed(_) => true,
            Self::Tested(tally) => tally.failed > 0,
            Self::Passed | Self::LeftOut(_) | Self::NotRun => false,
        }
    }
}

impl fmt::Display for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Passed => write!(f, "ok"),
            Self::LeftOut(reason) => write!(f, "LEFT OUT: {reason}"),
            Self::Tested(tally) if tally.failed == 0 => write!(f, "ok, {} tests", tally.passed),
            Self::Tested(Tally { passed, failed }) => {
                write!(f, "FAILED: {failed} of {} tests", passed + failed)
            }
            Self::Failed(error) => write!(f, "FAILED: {error}"),
            Self::NotRun => write!(f, "not run"),
        }
    }
}

/// The steps so far. Its text ends with the line `N passed, N failed`.
#[derive(Default)]
pub(super) struct Report {
    steps: Vec<(&'static str, Option<Duration>, Ending)>,
}

impl Report {
    pub(super) fn add(&mut self, step: &'static str, time: Option<Duration>, ending: Ending) {
        self.steps.push((step, time, ending));
    }

    pub(super) fn has_failed(&self) -> bool {
        self.steps.iter().any(|(_, _, ending)| ending.has_failed())
    }

    /// The step added last, for the moment it ends.
    pub(super) fn last_line(&self) -> String {
        self.steps.last().map(line).unwrap_or_default()
    }

    /// The tests counted, where a step that failed without failing a test counts as one: a failed
    /// run never ends in "0 failed".
    fn tally(&self) -> Tally {
        let mut sum = Tally::default();
        for (_, _, ending) in &self.steps {
            match ending {
                Ending::Tested(tally) => {
                    sum.passed += tally.passed;
                    sum.failed += tally.failed;
                }
                Ending::Failed(_) => sum.failed += 1,
                Ending::Passed | Ending::LeftOut(_) | Ending::NotRun => {}
            }
        }
        sum
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "==> summary")?;
        for step in &self.steps {
            writeln!(f, "    {}", line(step))?;
        }
        let failed = self.steps.iter().find(|(_, _, ending)| ending.has_failed());
        if let Some((name, _, _)) = failed {
            writeln!(f, "\nthe step \"{name}\" failed")?;
        }
        let Tally { passed, failed } = self.tally();
        write!(f, "{passed} passed, {failed} failed")
    }
}

fn line((name, time, ending): &(&'static str, Option<Duration>, Ending)) -> String {
    let time = time.map_or_else(
        || "-".to_owned(),
        |time| format!("{:.1} s", time.as_secs_f64()),
    );
    format!("{name:<14}{time:>9}  {ending}")
}

#[cfg(test)]
mod tests {
    use anyhow::anyhow;

    use super::*;

    fn last_line_of(endings: Vec<Ending>) -> String {
        let mut report = Report::default();
        for ending in endings {
            report.add("step", Some(Duration::from_millis(1250)), ending);
        }
        report
            .to_string()
            .lines()
            .last()
            .unwrap_or_default()
            .to_owned()
    }

    #[test]
    fn the_last_line_is_the_count() {
        let tests = Ending::Tested(Tally {
            passed: 7,
            failed: 2,
        });
        assert_eq!(
            last_line_of(vec![Ending::Passed, tests]),
            "7 passed, 2 failed"
        );
    }

    #[test]
    fn a_step_that_fails_before_any_test_counts_as_a_failure() {
        let failed = Ending::of(Err(anyhow!("`cargo fmt` ended with exit status: 1")));
        assert_eq!(
            last_line_of(vec![failed, Ending::NotRun]),
            "0 passed, 1 failed"
        );
    }

    #[test]
    fn the_summary_names_what_failed_and_what_was_left_out() {
        let mut report = Report::default();
        report.add("advisories", None, Ending::LeftOut("no network".to_owned()));
        report.add(
            "lint",
            Some(Duration::from_secs(2)),
            Ending::Failed("a warning".to_owned()),
        );
        let text = report.to_string();
        for expected in [
            "LEFT OUT: no network",
            "2.0 s  FAILED: a warning",
            "the step \"lint\" failed",
        ] {
            assert!(text.contains(expected), "{expected} is not in:\n{text}");
        }
    }
}
