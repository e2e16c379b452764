//! The health of the backups: the ages of the newest backup and of the newest verified one.

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use jiff::{SignedDuration, Timestamp};

use super::backups::Backups;
use super::settings::{AgeLimits, Settings, SourceName};
use super::store::NewestOf;
use super::timers::{DRILL, EXPORT};
use crate::health::{Check, Finding, Status};
use pgarchive::BackupId;

/// Reads only the names in the store.
pub struct BackupCheck {
    backups: Backups,
}

impl BackupCheck {
    pub fn new(backups: Backups) -> BackupCheck {
        BackupCheck { backups }
    }

    async fn findings(&self) -> Vec<Finding> {
        let settings = self.backups.settings();
        if settings.sources.is_empty() {
            return nothing_is_backed_up(settings.store_is_named);
        }
        let newest = self.backups.newest().await;
        let now = (self.backups.clock())();
        let findings = newest.iter().flat_map(|it| ages(it, settings, now));
        findings.collect()
    }
}

fn ages(newest: &NewestOf, settings: &Settings, now: Timestamp) -> Vec<Finding> {
    let source = &newest.source;
    let age = |kind, begun: Option<Timestamp>, limits| {
        let age = begun.map(|begun| now.duration_since(begun));
        finding(kind, source, age, rate(kind, age, limits))
    };
    // The backups may be good, so this is a warning.
    let unknown =
        |kind, reason: &String| finding(kind, source, None, (Status::Warn, Some(reason.clone())));
    let mut findings = match &newest.original {
        Ok(newest) => vec![
            dated(
                age(Kind::Made, newest.begun, settings.age),
                newest.of_the_future.as_ref(),
            ),
            age(Kind::Verified, newest.verified, settings.verified_age),
        ],
        Err(reason) => vec![unknown(Kind::Made, reason)],
    };
    findings.extend(newest.copy.as_ref().map(|copy| match copy {
        Ok(newest) => age(Kind::Copied, newest.begun, settings.age),
        Err(reason) => unknown(Kind::Copied, reason),
    }));
    findings
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
        status: Status::Warn,
        output: Some("BACKUP_URL is set and BACKUP_DATABASES is not: nothing is backed up".into()),
        ..Finding::new("backup:sources", 0)
    }]
}

fn finding(
    kind: Kind,
    source: &SourceName,
    age: Option<SignedDuration>,
    (status, output): (Status, Option<String>),
) -> Finding {
    let [key, ..] = kind.words();
    let hours = age.map(|age| (age.as_secs_f64() / 360.0).round() / 10.0);
    Finding {
        component_id: Some(source.to_string()),
        observed_unit: Some("hours"),
        status,
        output,
        ..Finding::new(key, hours)
    }
}

/// A date in the future is a failure, whatever the ages of the other backups are.
fn dated(finding: Finding, of_the_future: Option<&BackupId>) -> Finding {
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

fn rate(kind: Kind, age: Option<SignedDuration>, limits: AgeLimits) -> (Status, Option<String>) {
    let [_, backup, function] = kind.words();
    let status = limits.status(age);
    let reached = match (status, age) {
        (Status::Ok, _) => return (status, None),
        (_, None) => format!("there is no {backup} yet"),
        (Status::Warn, Some(_)) => old(backup, limits.warn),
        (Status::Fail, Some(_)) => old(backup, limits.fail),
    };
    (
        status,
        Some(format!("{reached}; see the last runs of {function}")),
    )
}

fn old(backup: &str, limit: SignedDuration) -> String {
    format!(
        "the newest {backup} is {} hours old or more",
        limit.as_hours()
    )
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
