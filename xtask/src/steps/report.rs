//! The summary of the steps.

use std::fmt;
use std::time::Duration;

use super::Outcome;
use super::tally::Tally;

pub(super) enum Ending {
    Passed,
    Skipped(String),
    Tested(Tally),
    Failed(String),
    NotRun,
}

impl Ending {
    pub(super) fn of(result: anyhow::Result<Outcome>) -> Self {
        match result {
            Ok(Outcome::Passed) => Self::Passed,
            Ok(Outcome::Skipped(reason)) => Self::Skipped(reason),
            Ok(Outcome::Tested(tally)) => Self::Tested(tally),
            Err(error) => Self::Failed(format!("{error:#}")),
        }
    }

    fn has_failed(&self) -> bool {
        match self {
            Self::Failed(_) => true,
            Self::Tested(tally) => tally.failed > 0,
            Self::Passed | Self::Skipped(_) | Self::NotRun => false,
        }
    }
}

impl fmt::Display for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Passed => write!(f, "ok"),
            Self::Skipped(reason) => write!(f, "SKIPPED: {reason}"),
            Self::Tested(tally) if tally.failed == 0 => write!(f, "ok, {} tests", tally.passed),
            Self::Tested(Tally { passed, failed }) => {
                write!(f, "FAILED: {failed} of {} tests", passed + failed)
            }
            Self::Failed(error) => write!(f, "FAILED: {error}"),
            Self::NotRun => write!(f, "not run"),
        }
    }
}

/// A step in the report.
pub(super) struct Entry {
    pub(super) step: &'static str,
    pub(super) time: Option<Duration>,
    pub(super) ending: Ending,
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Entry { step, time, ending } = self;
        let time = time.map_or_else(
            || "-".to_owned(),
            |time| format!("{:.1} s", time.as_secs_f64()),
        );
        write!(f, "{step:<14}{time:>9}  {ending}")
    }
}

/// The steps so far. Its text ends with the line `N passed, N failed`.
#[derive(Default)]
pub(super) struct Report {
    entries: Vec<Entry>,
}

impl Report {
    pub(super) fn add(&mut self, entry: Entry) {
        self.entries.push(entry);
    }

    pub(super) fn has_failed(&self) -> bool {
        self.entries.iter().any(|it| it.ending.has_failed())
    }

    pub(super) fn last_line(&self) -> String {
        let last = self.entries.last();
        last.map(Entry::to_string).unwrap_or_default()
    }

    /// The number of tests. A step that failed without a failed test counts as one, so a failed run never ends with
    /// "0 failed".
    fn tally(&self) -> Tally {
        let mut sum = Tally::default();
        for entry in &self.entries {
            match &entry.ending {
                Ending::Tested(tally) => {
                    sum.passed += tally.passed;
                    sum.failed += tally.failed;
                }
                Ending::Failed(_) => sum.failed += 1,
                Ending::Passed | Ending::Skipped(_) | Ending::NotRun => {}
            }
        }
        sum
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "==> summary")?;
        for entry in &self.entries {
            writeln!(f, "    {entry}")?;
        }
        let failed = self.entries.iter().find(|it| it.ending.has_failed());
        if let Some(Entry { step, .. }) = failed {
            writeln!(f, "\nthe step \"{step}\" failed")?;
        }
        let Tally { passed, failed } = self.tally();
        write!(f, "{passed} passed, {failed} failed")
    }
}

#[cfg(test)]
mod tests {
    use anyhow::anyhow;

    use super::*;

    fn last_line_of(endings: Vec<Ending>) -> String {
        let mut report = Report::default();
        for ending in endings {
            report.add(Entry {
                step: "step",
                time: Some(Duration::from_millis(1250)),
                ending,
            });
        }
        report
            .to_string()
            .lines()
            .last()
            .unwrap_or_default()
            .to_owned()
    }

    #[test]
    fn last_line_is_the_count() {
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
    fn step_that_fails_before_any_test_counts_as_a_failure() {
        let failed = Ending::of(Err(anyhow!("`cargo fmt` ended with exit status: 1")));
        assert_eq!(
            last_line_of(vec![failed, Ending::NotRun]),
            "0 passed, 1 failed"
        );
    }

    #[test]
    fn summary_names_failed_and_skipped_steps() {
        let mut report = Report::default();
        report.add(Entry {
            step: "advisories",
            time: None,
            ending: Ending::Skipped("no network".to_owned()),
        });
        report.add(Entry {
            step: "lint",
            time: Some(Duration::from_secs(2)),
            ending: Ending::Failed("a warning".to_owned()),
        });
        let text = report.to_string();
        for expected in [
            "SKIPPED: no network",
            "2.0 s  FAILED: a warning",
            "the step \"lint\" failed",
        ] {
            assert!(text.contains(expected), "{expected} is not in:\n{text}");
        }
    }
}
