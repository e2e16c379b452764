//! The checks of `/health`: whether the schedule can be used, the holds in force, and drift.

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use jiff::{SignedDuration, Timestamp};
use tokio::sync::Mutex;
use tokio::time::timeout;

use super::scaling::{Recent, Scaling};
use crate::health::{Check, Finding, Status};
use schedule::{Hold, Severity};

pub struct ScaleCheck {
    scaling: Scaling,
    /// The instant since which the schedule could not be read in time.
    overdue_since: Mutex<Option<Timestamp>>,
}

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
            overdue_since: Mutex::new(None),
        }
    }

    /// A slow store of files does not delay the findings of the database.
    async fn findings(&self) -> Vec<Finding> {
        let now = self.scaling.now();
        let (loaded, others) = tokio::join!(
            timeout(DEADLINE, Box::pin(self.scaling.recent(now))),
            timeout(DEADLINE, Box::pin(self.others(now))),
        );
        let mut overdue_since = self.overdue_since.lock().await;
        let configuration = match loaded {
            Ok(loaded) => {
                *overdue_since = None;
                let Some(finding) = of_schedule(loaded) else {
                    return Vec::new();
                };
                finding
            }
            Err(_) => overdue(*overdue_since.get_or_insert(now), now),
        };
        // The database's own check reports that it does not respond.
        let others = others.unwrap_or_default();
        std::iter::once(configuration).chain(others).collect()
    }

    async fn others(&self, now: Timestamp) -> Vec<Finding> {
        let (holds, counts) = tokio::join!(
            self.scaling.holds().active(now),
            self.scaling.journal().counts(now - DRIFT),
        );
        let mut drift: BTreeMap<String, i64> = BTreeMap::new();
        for count in counts.unwrap_or_default() {
            *drift.entry(count.target.clone()).or_default() += count.drift();
        }
        drift.retain(|_, changes| *changes > 0);
        let holds = holds.unwrap_or_default();
        let holds = holds.iter().map(of_hold);
        holds.chain(drift.into_iter().map(of_drift)).collect()
    }
}

impl Check for ScaleCheck {
    fn check(&self) -> BoxFuture<'_, Vec<Finding>> {
        self.findings().boxed()
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
    of_configuration("unreadable", status, Some(text))
}

/// `None`: there is nothing to size.
fn of_schedule(loaded: Recent) -> Option<Finding> {
    let loaded = match loaded {
        Ok(loaded) => loaded?,
        Err(text) => return Some(of_configuration("unreadable", Status::Fail, Some(text))),
    };
    let severities = loaded.findings.iter().map(|it| it.severity);
    let warnings = severities.filter(|it| *it == Severity::Warning).count();
    match (loaded.errors(), warnings) {
        (None, _) if !loaded.has_resources() => None,
        (Some(errors), _) => Some(of_configuration("refused", Status::Fail, Some(errors))),
        (None, 0) => Some(of_configuration("good", Status::Ok, None)),
        (None, count) => {
            let warnings = if count == 1 { "warning" } else { "warnings" };
            let text = format!("lint has {count} {warnings}: `magnusapi scale lint`");
            Some(of_configuration("good", Status::Warn, Some(text)))
        }
    }
}

fn of_configuration(value: &'static str, status: Status, output: Option<String>) -> Finding {
    Finding {
        status,
        output,
        ..Finding::new("scale:configuration", value)
    }
}

/// A warning, because every operator should see it.
fn of_hold(hold: &Hold) -> Finding {
    let text = format!("held until {} by {}: {}", hold.until, hold.by, hold.reason);
    let size = serde_json::to_value(hold.size).expect("numbers always serialize");
    Finding {
        component_id: Some(hold.target.to_string()),
        observed_unit: Some("instances"),
        status: Status::Warn,
        output: Some(text),
        ..Finding::new("scale:hold", size)
    }
}

fn of_drift((target, changes): (String, i64)) -> Finding {
    let text = "another party changed the target this often within 24 hours, and it was changed back; \
                see `magnusapi scale history`";
    Finding {
        component_id: Some(target),
        observed_unit: Some("changes"),
        status: Status::Warn,
        output: Some(text.to_owned()),
        ..Finding::new("scale:drift", changes)
    }
}
