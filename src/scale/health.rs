//! What `/health` says of sizes by schedule: whether the schedule can be read, the holds in force, and
//! the sizes that something else keeps changing.

use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use tokio::sync::Mutex;
use tokio::time::timeout;

use super::loaded::{LoadError, LoadedSchedule};
use super::scaling::Scaling;
use crate::health::{Check, Finding, Status};
use schedule::{Finding as Lint, Hold, Severity};

/// Looks at the schedule's files and at the tables.
pub struct ScaleCheck {
    scaling: Scaling,
    /// What was found of the schedule's files last, and when.
    configuration: Mutex<Option<(Timestamp, Option<Finding>)>>,
    /// Since when they could not be read in time.
    unanswered: Mutex<Option<Timestamp>>,
}

/// How long is what was found of the files good for? They may lie in Azure Blob Storage.
const KEPT: SignedDuration = SignedDuration::from_mins(1);

/// How long may the look take? Less than any probe's own patience.
const DEADLINE: Duration = Duration::from_secs(2);

/// Time without an answer from the files' store that is a failure: two ticks.
const UNANSWERED: SignedDuration = SignedDuration::from_mins(11);

/// How far back is drift counted?
const DRIFT: SignedDuration = SignedDuration::from_hours(24);

impl ScaleCheck {
    /// For these targets.
    pub fn new(scaling: Scaling) -> ScaleCheck {
        ScaleCheck {
            scaling,
            configuration: Mutex::new(None),
            unanswered: Mutex::new(None),
        }
    }

    /// The files may lie in a store that does not answer, which hides nothing of the rest.
    async fn findings(&self) -> Vec<Finding> {
        let now = self.scaling.now();
        let (configuration, others) = tokio::join!(
            timeout(DEADLINE, Box::pin(self.configuration(now))),
            timeout(DEADLINE, Box::pin(self.others(now))),
        );
        let configuration = match configuration {
            Ok(None) => return Vec::new(),
            Ok(Some(found)) => {
                *self.unanswered.lock().await = None;
                found
            }
            Err(_) => unanswered(*self.unanswered.lock().await.get_or_insert(now), now),
        };
        // That the database is away is the database's own finding.
        let others = others.unwrap_or_default();
        std::iter::once(configuration).chain(others).collect()
    }

    async fn others(&self, now: Timestamp) -> Vec<Finding> {
        let (holds, drift) = tokio::join!(
            self.scaling.holds().active(now),
            self.scaling.journal().drift(now - DRIFT),
        );
        told(holds.unwrap_or_default(), drift.unwrap_or_default())
    }
}

/// Once is nothing: a first look may wait for a token. What lasts as long as three ticks keeps targets from
/// their sizes.
fn unanswered(since: Timestamp, now: Timestamp) -> Finding {
    let lasts = now.duration_since(since) >= UNANSWERED;
    let status = if lasts { Status::Fail } else { Status::Warn };
    let text = format!("the schedule could not be read within {DEADLINE:?}, since {since}");
    finding(
        "scale:configuration",
        "unreadable".into(),
        status,
        Some(text),
    )
}

impl ScaleCheck {
    /// What is to be said of the schedule; nothing where nothing is to be sized.
    async fn configuration(&self, now: Timestamp) -> Option<Finding> {
        let mut last = self.configuration.lock().await;
        if let Some((looked, found)) = &*last
            && now.duration_since(*looked).abs() < KEPT
        {
            return found.clone();
        }
        let found = judged(self.scaling.loaded(now).await);
        *last = Some((now, found.clone()));
        found
    }
}

fn judged(loaded: Result<Option<LoadedSchedule>, LoadError>) -> Option<Finding> {
    let (value, status, output) = match loaded {
        Err(error) => ("unreadable", Status::Fail, Some(error.to_string())),
        Ok(loaded) => {
            let loaded = loaded?;
            let of_warnings = |it: &&Lint| it.severity == Severity::Warning;
            match (
                loaded.errors(),
                loaded.findings.iter().filter(of_warnings).count(),
            ) {
                (None, _) if !loaded.has_resources() => return None,
                (Some(errors), _) => ("refused", Status::Fail, Some(errors)),
                (None, 0) => ("good", Status::Ok, None),
                (None, count) => (
                    "good",
                    Status::Warn,
                    Some(format!("lint has {count} warnings: `magnusapi scale lint`")),
                ),
            }
        }
    };
    Some(finding("scale:configuration", value.into(), status, output))
}

impl Check for ScaleCheck {
    fn look(&self) -> BoxFuture<'_, Vec<Finding>> {
        self.findings().boxed()
    }
}

/// A hold is somebody's will, and still something that everybody should know of.
fn told(holds: Vec<Hold>, drift: Vec<(String, i64)>) -> Vec<Finding> {
    let holds = holds.into_iter().map(|hold| Finding {
        component_id: Some(hold.target.to_string()),
        observed_unit: Some("instances"),
        ..finding(
            "scale:hold",
            serde_json::to_value(hold.size).expect("numbers always serialize"),
            Status::Warn,
            Some(format!(
                "held until {} by {}: {}",
                hold.until, hold.by, hold.reason
            )),
        )
    });
    let drift = drift.into_iter().map(|(target, times)| Finding {
        component_id: Some(target),
        observed_unit: Some("changes"),
        ..finding(
            "scale:drift",
            times.into(),
            Status::Warn,
            Some(
                "somebody else changed it so many times within 24 hours, and it was changed back; see \
                 `magnusapi scale history`"
                    .to_owned(),
            ),
        )
    });
    holds.chain(drift).collect()
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
