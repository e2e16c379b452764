//! The health of the backups: the ages of the newest backup and of the newest verified one.

use std::convert::Infallible;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, join, join_all};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::backups::Backups;
use super::newest::Newest;
use super::settings::{AgeLimits, Location, Source};
use super::timers::{DRILL, EXPORT};
use crate::clock::Cached;
use crate::health::{Check, Finding, Status};
use pgarchive::BackupId;

/// Reads only the names in the store.
pub struct BackupCheck {
    backups: Backups,
    last: Cached<Vec<Finding>>,
}

/// The time limit for the store, which is shorter than that of any probe.
const DEADLINE: Duration = Duration::from_secs(2);

impl BackupCheck {
    pub fn new(backups: Backups) -> BackupCheck {
        BackupCheck {
            backups,
            last: Cached::default(),
        }
    }

    async fn findings(&self) -> Vec<Finding> {
        let settings = self.backups.settings();
        if settings.sources.is_empty() {
            return nothing_is_backed_up(settings.store_is_named);
        }
        let now = (self.backups.clock())();
        let reading = async {
            let ages = join_all(settings.sources.iter().map(|it| self.ages(it, now))).await;
            Ok::<_, Infallible>(ages.into_iter().flatten().collect())
        };
        let Ok(findings) = self.last.get(now, reading).await;
        findings
    }

    async fn ages(&self, source: &Source, now: Timestamp) -> Vec<Finding> {
        let settings = self.backups.settings();
        let copies = async {
            match settings.copy {
                Some(_) => Some(self.newest(Location::Copy, source, now).await),
                None => None,
            }
        };
        let (originals, copies) = join(self.newest(Location::Original, source, now), copies).await;
        let mut findings = match originals {
            Ok(newest) => vec![
                dated(
                    age(Kind::Made, source, newest.begun, settings.age, now),
                    newest.of_the_future,
                ),
                age(
                    Kind::Verified,
                    source,
                    newest.verified,
                    settings.verified_age,
                    now,
                ),
            ],
            Err(error) => vec![unknown(Kind::Made, source, error)],
        };
        findings.extend(copies.map(|copies| match copies {
            Ok(newest) => age(Kind::Copied, source, newest.begun, settings.age, now),
            Err(error) => unknown(Kind::Copied, source, error),
        }));
        findings
    }

    async fn newest(
        &self,
        location: Location,
        source: &Source,
        now: Timestamp,
    ) -> Result<Newest, String> {
        let newest = self.backups.newest(location, &source.name, now);
        match tokio::time::timeout(DEADLINE, newest).await {
            Ok(read) => read.map_err(|error| error.to_string()),
            Err(_) => Err(format!("the store did not respond within {DEADLINE:?}")),
        }
    }
}

/// The backups whose age is checked.
#[derive(Clone, Copy, Debug)]
enum Kind {
    Made,
    Verified,
    Copied,
}

impl Kind {
    /// The key in `/health`, the name in messages, and the function whose runs say more.
    fn words(self) -> [&'static str; 3] {
        match self {
            Kind::Made => ["backup:age", "backup", EXPORT],
            Kind::Verified => ["backup:verified-age", "verified backup", DRILL],
            Kind::Copied => ["backup:copy-age", "copy of a backup", EXPORT],
        }
    }
}

impl Check for BackupCheck {
    fn check(&self) -> BoxFuture<'_, Vec<Finding>> {
        self.findings().boxed()
    }
}

/// Without a store and without sources, backups are switched off. A store without sources is a mistake in
/// the settings.
fn nothing_is_backed_up(store_is_named: bool) -> Vec<Finding> {
    if !store_is_named {
        return Vec::new();
    }
    vec![Finding {
        key: "backup:sources",
        component_id: None,
        component_type: "component",
        observed_value: 0.into(),
        observed_unit: None,
        status: Status::Warn,
        output: Some("BACKUP_URL is set and BACKUP_DATABASES is not: nothing is backed up".into()),
    }]
}

fn age(
    kind: Kind,
    source: &Source,
    begun: Option<Timestamp>,
    limits: AgeLimits,
    now: Timestamp,
) -> Finding {
    let age = begun.map(|begun| now.duration_since(begun));
    finding(kind, source, age, rate(kind, age, limits))
}

fn finding(
    kind: Kind,
    source: &Source,
    age: Option<SignedDuration>,
    (status, output): (Status, Option<String>),
) -> Finding {
    let [key, ..] = kind.words();
    let hours = age.map(|age| (age.as_secs_f64() / 360.0).round() / 10.0);
    Finding {
        key,
        component_id: Some(source.name.to_string()),
        component_type: "component",
        observed_value: hours.map_or(Value::Null, Value::from),
        observed_unit: Some("hours"),
        status,
        output,
    }
}

/// A date in the future is a failure, whatever the ages of the other backups are.
fn dated(finding: Finding, of_the_future: Option<BackupId>) -> Finding {
    let Some(id) = of_the_future else {
        return finding;
    };
    Finding {
        status: Status::Fail,
        output: Some(format!(
            "backup {id} is dated in the future; set the clock of the machine that made it, and delete \
             the backup by hand, because no rule deletes it"
        )),
        ..finding
    }
}

/// A missing backup is a warning only, because it is unknown since when there should be one.
fn rate(kind: Kind, age: Option<SignedDuration>, limits: AgeLimits) -> (Status, Option<String>) {
    let [_, backup, function] = kind.words();
    let look = format!("see the last runs of {function}");
    match age {
        None => (
            Status::Warn,
            Some(format!("there is no {backup} yet; {look}")),
        ),
        Some(age) if age >= limits.warn => {
            let failed = age >= limits.fail;
            let limit = if failed { limits.fail } else { limits.warn };
            let hours = limit.as_hours();
            let text = format!("the newest {backup} is {hours} hours old or more; {look}");
            (if failed { Status::Fail } else { Status::Warn }, Some(text))
        }
        Some(_) => (Status::Ok, None),
    }
}

/// The store cannot be read. The backups may be good, so this is a warning.
fn unknown(kind: Kind, source: &Source, reason: String) -> Finding {
    finding(kind, source, None, (Status::Warn, Some(reason)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: AgeLimits = AgeLimits {
        warn: SignedDuration::from_hours(26),
        fail: SignedDuration::from_hours(50),
    };

    #[test]
    fn age_is_compared_with_both_limits() {
        let status =
            |minutes: Option<i64>| rate(Kind::Made, minutes.map(SignedDuration::from_mins), LIMITS);
        assert_eq!(status(Some(0)), (Status::Ok, None));
        assert_eq!(status(Some(26 * 60 - 1)), (Status::Ok, None));
        assert_eq!(status(Some(26 * 60)).0, Status::Warn);
        assert_eq!(status(Some(50 * 60 - 1)).0, Status::Warn);
        let (failed, output) = status(Some(50 * 60));
        assert_eq!(failed, Status::Fail);
        assert!(output.is_some_and(|text| text.contains("50 hours") && text.contains(EXPORT)));
        assert_eq!(status(None).0, Status::Warn);
        // A clock that was set back makes no backup old.
        assert_eq!(status(Some(-5)), (Status::Ok, None));
    }

    #[test]
    fn a_store_without_sources_warns_and_no_store_is_silent() {
        assert!(nothing_is_backed_up(false).is_empty());
        assert_eq!(nothing_is_backed_up(true)[0].status, Status::Warn);
    }
}
