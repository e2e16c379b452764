//! The panel *Backups*: age and proof of each source's backups.

use std::sync::Arc;

use askama::Template;
use askama::filters::HtmlSafe;
use futures_util::FutureExt;
use futures_util::future::join_all;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::calendar::{Calendar, DAYS, DayResult};
use super::charts::{AgeBar, BARS, Chart, Value};
use super::moment::{took, utc_text};
use super::panel::{self, Panel};
use crate::backup::{BackupState, BackupSummary, Backups as Store, Days, Ending, SourceName};
use crate::ledger::Ledger;
use crate::words;

#[derive(Template)]
#[template(path = "ops/backups.html")]
pub(super) struct Backups {
    sources: Vec<SourceView>,
    now: Timestamp,
    /// Why the calendar lacks the failed runs.
    without_runs: Option<String>,
}

impl HtmlSafe for Backups {}

struct SourceView {
    name: String,
    backups: Panel<BackupsView>,
}

/// The backups of a source, in texts.
struct BackupsView {
    age: AgeBar,
    verified_age: AgeBar,
    calendar: Calendar,
    charts: Vec<Chart>,
    /// The objects that the newest backup lacks, or why it cannot be read.
    findings: Vec<String>,
    /// The duration of the last proved restore.
    proof: Option<String>,
    /// The backup that the restore command names.
    restorable: Option<String>,
    /// The newest first.
    all: Vec<Arc<BackupSummary>>,
}

impl Backups {
    pub(super) async fn read(store: &Store, ledger: &Ledger, now: Timestamp) -> Backups {
        let since = now - SignedDuration::from_hours(24 * DAYS);
        let sources = store.settings().sources.iter();
        let reading = sources.map(async |source| {
            let reading = store.summaries(&source.name, since, BARS).boxed();
            (
                &source.name,
                panel::read("the store of backups", reading).await,
            )
        });
        let days = Days::read(ledger, since).boxed();
        let (read, days) = tokio::join!(join_all(reading), panel::read("the database", days));
        let (days, without_runs) = match days {
            Ok(days) => (days, None),
            Err(reason) => (Days::default(), Some(reason)),
        };
        let views = read.into_iter().map(|(name, backups)| SourceView {
            name: name.to_string(),
            backups: backups.map(|it| BackupsView::new(store, name, it, &days, now)),
        });
        Backups {
            sources: views.collect(),
            now,
            without_runs,
        }
    }

    fn age(&self, backup: &BackupSummary) -> String {
        words::length(self.now.duration_since(backup.id.started()))
    }
}

impl BackupsView {
    fn new(
        store: &Store,
        name: &SourceName,
        backups: Vec<Arc<BackupSummary>>,
        days: &Days,
        now: Timestamp,
    ) -> BackupsView {
        let settings = store.settings();
        let dated = || backups.iter().filter(|it| !it.id.is_of_the_future(now));
        let age =
            |it: Option<&Arc<BackupSummary>>| it.map(|it| now.duration_since(it.id.started()));
        let verified = dated().find(|it| it.verified.is_some());
        let proofs = backups.iter().filter_map(|it| it.verified.as_ref());
        let last_proof = proofs.max_by_key(|proof| proof.verified);
        let today = TimeZone::UTC.to_datetime(now).date();
        let first = dated().next_back().map(|it| date(it.id.started()));
        let result = |day| match day_result(&backups, days.outcome(name, day), day) {
            DayResult::Missing if day == today || first.is_none_or(|first| day < first) => {
                DayResult::None
            }
            result => result,
        };
        BackupsView {
            age: AgeBar::draw(format!("age-{name}"), age(dated().next()), settings.age),
            verified_age: AgeBar::draw(
                format!("verified-age-{name}"),
                age(verified),
                settings.verified_age,
            ),
            calendar: Calendar::draw(name.as_str(), today, result),
            charts: charts(name, &backups),
            findings: backups.first().map(|it| findings(it)).unwrap_or_default(),
            proof: last_proof.map(|proof| {
                let (took, version) = (milliseconds(proof.milliseconds), &proof.server_version);
                format!("{took}, with {} rows, on PostgreSQL {version}", proof.rows)
            }),
            restorable: verified.map(|it| it.id.to_string()),
            all: backups,
        }
    }
}

fn date(at: Timestamp) -> Date {
    TimeZone::UTC.to_datetime(at).date()
}

/// A stored backup counts before the runs, which may be about a backup that was deleted since.
fn day_result(backups: &[Arc<BackupSummary>], outcome: Option<Ending>, day: Date) -> DayResult {
    let of_day = backups.iter().filter(|it| date(it.id.started()) == day);
    let stored = of_day.map(|it| match it.state {
        _ if it.verified.is_some() => DayResult::Verified,
        BackupState::Whole => DayResult::Made,
        BackupState::Degraded | BackupState::Unreadable => DayResult::Degraded,
    });
    let ran = outcome.map_or(DayResult::Missing, |ending| match ending {
        Ending::Succeeded => DayResult::Made,
        Ending::Degraded => DayResult::Degraded,
        Ending::Failed => DayResult::Failed,
    });
    stored.min().unwrap_or(ran)
}

fn milliseconds(number: u64) -> String {
    let number = i64::try_from(number).unwrap_or(i64::MAX);
    took(SignedDuration::from_millis(number))
}

fn findings(backup: &BackupSummary) -> Vec<String> {
    match &backup.error {
        Some(error) => vec![format!(
            "The manifest of {} cannot be read: {error}",
            backup.id
        )],
        None => backup.findings.clone(),
    }
}

/// The last backups whose manifests can be read, the oldest first.
fn charts(name: &SourceName, backups: &[Arc<BackupSummary>]) -> Vec<Chart> {
    let readable = backups.iter().filter(|it| it.error.is_none()).take(BARS);
    let readable: Vec<_> = readable.collect();
    let values = |number: fn(&BackupSummary) -> u64, text: fn(u64) -> String| -> Vec<Value> {
        let oldest_first = readable.iter().rev();
        let values = oldest_first.map(|it| Value {
            number: number(it),
            text: text(number(it)),
            backup: it.id.to_string(),
            is_degraded: it.state == BackupState::Degraded,
        });
        values.collect()
    };
    let sizes = values(|it| it.bytes, words::size);
    let rows = values(|it| it.rows, |rows| format!("{rows} rows"));
    let durations = values(|it| it.milliseconds, milliseconds);
    vec![
        Chart::draw(format!("size-{name}"), "Size", &sizes),
        Chart::draw(format!("rows-{name}"), "Rows", &rows),
        Chart::draw(format!("took-{name}"), "Duration", &durations),
    ]
}

fn size(backup: &BackupSummary) -> String {
    words::size(backup.bytes)
}

fn duration(backup: &BackupSummary) -> String {
    milliseconds(backup.milliseconds)
}

/// The state of a backup: its name, and the name of its style.
fn state(backup: &BackupSummary) -> (&'static str, &'static str) {
    match backup.state {
        BackupState::Whole => ("whole", "ok"),
        BackupState::Degraded => ("degraded", "warn"),
        BackupState::Unreadable => ("unreadable", "fail"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn backup(id: &str, state: BackupState) -> Arc<BackupSummary> {
        Arc::new(BackupSummary {
            id: id.parse().expect("an id"),
            state,
            bytes: 1,
            rows: 1,
            milliseconds: 1,
            findings: Vec::new(),
            error: None,
            verified: None,
            hold: None,
            deleted_until: None,
        })
    }

    #[test]
    fn the_best_backup_of_a_day_counts_and_without_one_the_run() {
        let backups = [
            backup("20261124T140000Z-1a2b3c4d", BackupState::Whole),
            backup("20261124T020000Z-1a2b3c4d", BackupState::Degraded),
        ];
        let result =
            |outcome, day: &str| day_result(&backups, outcome, day.parse().expect("a date"));
        assert_eq!(result(Some(Ending::Failed), "2026-11-24"), DayResult::Made);
        assert_eq!(
            result(Some(Ending::Succeeded), "2026-11-23"),
            DayResult::Made
        );
        assert_eq!(
            result(Some(Ending::Failed), "2026-11-23"),
            DayResult::Failed
        );
        assert_eq!(result(None, "2026-11-23"), DayResult::Missing);
    }
}
