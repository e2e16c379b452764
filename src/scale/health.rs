//! The checks of `/health`: whether the schedule can be used, the holds in force, and drift.

use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use tokio::sync::Mutex;
use tokio::time::timeout;

use super::files::LoadError;
use super::journal::Drift;
use super::loaded::LoadedSchedule;
use super::scaling::Scaling;
use crate::health::{Check, Finding, Status};
use schedule::{Hold, Severity};

pub struct ScaleCheck {
    scaling: Scaling,
    last: Mutex<Option<LastFinding>>,
    /// The instant since which the schedule could not be read in time.
    overdue_since: Mutex<Option<Timestamp>>,
}

/// The last finding about the schedule. `None`: there is nothing to size.
struct LastFinding {
    at: Timestamp,
    finding: Option<Finding>,
}

/// The age up to which the last finding is reused: the files can be in Azure Blob Storage.
const REUSED: SignedDuration = SignedDuration::from_mins(1);

/// The longest check. Probes of health wait longer.
const DEADLINE: Duration = Duration::from_secs(2);

/// From this time without a response on, the check fails. Ticks are five minutes apart, so at least two have
/// failed by then.
const OVERDUE: SignedDuration = SignedDuration::from_mins(11);

/// The period of the drift that is reported.
const DRIFT: SignedDuration = SignedDuration::from_hours(24);

impl ScaleCheck {
    pub fn new(scaling: Scaling) -> ScaleCheck {
        ScaleCheck {
            scaling,
            last: Mutex::new(None),
            overdue_since: Mutex::new(None),
        }
    }

    /// A slow store of files does not delay the findings of the database.
    async fn findings(&self) -> Vec<Finding> {
        let now = self.scaling.now();
        let (configuration, others) = tokio::join!(
            timeout(DEADLINE, Box::pin(self.configuration(now))),
            timeout(DEADLINE, Box::pin(self.others(now))),
        );
        let configuration = match configuration {
            Ok(None) => return Vec::new(),
            Ok(Some(finding)) => {
                *self.overdue_since.lock().await = None;
                finding
            }
            Err(_) => overdue(*self.overdue_since.lock().await.get_or_insert(now), now),
        };
        // The database's own check reports that it does not respond.
        let others = others.unwrap_or_default();
        std::iter::once(configuration).chain(others).collect()
    }

    async fn others(&self, now: Timestamp) -> Vec<Finding> {
        let (holds, drift) = tokio::join!(
            self.scaling.holds().active(now),
            self.scaling.journal().drift(now - DRIFT),
        );
        let (holds, drift) = (holds.unwrap_or_default(), drift.unwrap_or_default());
        let holds = holds.iter().map(of_hold);
        holds.chain(drift.into_iter().map(of_drift)).collect()
    }

    /// `None`: there is nothing to size.
    async fn configuration(&self, now: Timestamp) -> Option<Finding> {
        let mut last = self.last.lock().await;
        if let Some(LastFinding { at, finding }) = &*last
            && now.duration_since(*at).abs() < REUSED
        {
            return finding.clone();
        }
        let finding = of_schedule(self.scaling.loaded(now).await);
        *last = Some(LastFinding {
            at: now,
            finding: finding.clone(),
        });
        finding
    }
}

/// A single slow check is only a warning: the first one may wait for a token.
fn overdue(since: Timestamp, now: Timestamp) -> Finding {
    let status = if now.duration_since(since) >= OVERDUE {
        Status::Fail
    } else {
        Status::Warn
    };
    let text = format!("the schedule could not be read within {DEADLINE:?}, since {since}");
    finding(
        "scale:configuration",
        "unreadable".into(),
        status,
        Some(text),
    )
}

fn of_schedule(loaded: Result<Option<LoadedSchedule>, LoadError>) -> Option<Finding> {
    let (value, status, output) = match loaded {
        Err(error) => ("unreadable", Status::Fail, Some(error.to_string())),
        Ok(loaded) => {
            let loaded = loaded?;
            let severities = loaded.findings.iter().map(|it| it.severity);
            let warnings = severities.filter(|it| *it == Severity::Warning).count();
            match (loaded.errors(), warnings) {
                (None, _) if !loaded.has_resources() => return None,
                (Some(errors), _) => ("refused", Status::Fail, Some(errors)),
                (None, 0) => ("good", Status::Ok, None),
                (None, count) => {
                    let warnings = if count == 1 { "warning" } else { "warnings" };
                    let text = format!("lint has {count} {warnings}: `magnusapi scale lint`");
                    ("good", Status::Warn, Some(text))
                }
            }
        }
    };
    Some(finding("scale:configuration", value.into(), status, output))
}

impl Check for ScaleCheck {
    fn check(&self) -> BoxFuture<'_, Vec<Finding>> {
        self.findings().boxed()
    }
}

/// A warning, because every operator should see it.
fn of_hold(hold: &Hold) -> Finding {
    let text = format!("held until {} by {}: {}", hold.until, hold.by, hold.reason);
    let size = serde_json::to_value(hold.size).expect("numbers always serialize");
    Finding {
        component_id: Some(hold.target.to_string()),
        observed_unit: Some("instances"),
        ..finding("scale:hold", size, Status::Warn, Some(text))
    }
}

fn of_drift(drift: Drift) -> Finding {
    let text = "another party changed the target this often within 24 hours, and it was changed back; \
                see `magnusapi scale history`";
    Finding {
        component_id: Some(drift.target),
        observed_unit: Some("changes"),
        ..finding(
            "scale:drift",
            drift.changes.into(),
            Status::Warn,
            Some(text.to_owned()),
        )
    }
}

fn finding(
    key: &'static str,
    observed_value: Value,
    status: Status,
    output: Option<String>,
) -> Finding {
    Finding {
        key,
        component_id: None,
        component_type: "component",
        observed_value,
        observed_unit: None,
        status,
        output,
    }
}
