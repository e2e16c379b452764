//! The outcome of the backups of each day, from the ledger: also of days whose backups were deleted since.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::settings::SourceName;
use super::timers::{EXPORT, Ending, Summary};
use crate::database::Error;
use crate::ledger::{Ledger, PastRun};

/// The outcomes of the runs of a timer for each source and day (UTC). The best of a day counts.
#[derive(Clone, Debug, Default)]
pub struct Days(BTreeMap<Date, BTreeMap<String, Ending>>);

impl Days {
    /// The days since `since` on which the backup timer ran.
    pub async fn read(ledger: &Ledger, since: Timestamp) -> Result<Days, Error> {
        let mut days = Days::default();
        for run in ledger.finished_since(EXPORT, since).await? {
            days.add(&run);
        }
        Ok(days)
    }

    /// The outcome of a day. A run that failed before it reached the source counts for each source.
    pub fn outcome(&self, source: &SourceName, day: Date) -> Option<Ending> {
        let outcomes = self.0.get(&day)?;
        let all = outcomes.get(ALL);
        outcomes.get(source.as_str()).or(all).copied()
    }

    fn add(&mut self, run: &PastRun) {
        let day = self.0.entry(TimeZone::UTC.to_datetime(run.slot).date());
        let day = day.or_default();
        let mut add = |source: String, ending: Ending| {
            let outcome = day.entry(source).or_insert(ending);
            *outcome = (*outcome).min(ending);
        };
        let summary: Summary = serde_json::from_str(&run.summary).unwrap_or_default();
        if summary.sources.is_empty() && !run.has_succeeded {
            add(ALL.to_owned(), Ending::Failed);
        }
        for of_source in summary.sources {
            add(of_source.source, of_source.ending);
        }
    }
}

/// No source has this name.
const ALL: &str = "";

#[cfg(test)]
mod tests {
    use super::*;

    fn run(slot: &str, has_succeeded: bool, summary: &str) -> PastRun {
        PastRun {
            slot: slot.parse().expect("an instant"),
            has_succeeded,
            summary: summary.to_owned(),
        }
    }

    #[test]
    fn the_best_outcome_of_a_day_counts_for_its_source() {
        let mut days = Days::default();
        let mixed = r#"{"sources": [{"source": "one", "ending": "failed", "text": ""},
                                    {"source": "two", "ending": "succeeded", "text": ""}]}"#;
        days.add(&run("2026-11-24T02:00:00Z", false, mixed));
        days.add(&run(
            "2026-11-24T14:00:00Z",
            false,
            &mixed.replace("failed", "degraded"),
        ));
        days.add(&run("2026-11-25T02:00:00Z", false, "{}"));
        let outcome = |source: &str, day: &str| {
            let source = source.parse().expect("a name");
            days.outcome(&source, day.parse().expect("a date"))
        };
        assert_eq!(outcome("one", "2026-11-24"), Some(Ending::Degraded));
        assert_eq!(outcome("two", "2026-11-24"), Some(Ending::Succeeded));
        assert_eq!(outcome("one", "2026-11-25"), Some(Ending::Failed));
        assert_eq!(outcome("one", "2026-11-26"), None);
    }
}
