//! Series of checks, timers, backups and sizes.

use jiff::Timestamp;

use super::families::{Families, count, number};
use crate::backup::{BackupNumbers, SourceNumbers};
use crate::health::{Report, Status};
use crate::ledger::RunTotals;
use crate::scale::TargetNumbers;

pub(super) fn health(families: &mut Families, report: &Report) {
    families
        .gauges(
            "magnusapi_health_status",
            "The worst check: 0 is ok, 1 warn, 2 fail.",
        )
        .gauge(&[], severity(report.status));
    let mut checks = families.gauges(
        "magnusapi_health_check_status",
        "A check of /health: 0 is ok, 1 warn, 2 fail.",
    );
    for finding in report.checks.values().flatten() {
        let component = finding.component_id.as_deref().unwrap_or_default();
        let labels = [("check", finding.key), ("component", component)];
        checks.gauge(&labels, severity(finding.status));
    }
}

fn severity(status: Status) -> f64 {
    match status {
        Status::Ok => 0.0,
        Status::Warn => 1.0,
        Status::Fail => 2.0,
    }
}

pub(super) fn timers(families: &mut Families, totals: &[RunTotals]) {
    let mut family = families.gauges(
        "magnusapi_timer_last_success_timestamp_seconds",
        "The end of the last successful run.",
    );
    for it in totals {
        if let Some(at) = it.last_success {
            family.gauge(
                &[("function", &*it.function)],
                at.as_duration().as_secs_f64(),
            );
        }
    }
    let mut family = families.gauges(
        "magnusapi_timer_last_run_duration_seconds",
        "The duration of the last run that ended.",
    );
    for it in totals {
        if let Some(milliseconds) = it.last_milliseconds {
            let milliseconds = number(u64::try_from(milliseconds).unwrap_or_default());
            family.gauge(&[("function", &*it.function)], milliseconds / 1e3);
        }
    }
    let mut family = families.gauges(
        "magnusapi_timer_day_runs",
        "Runs of the last 24 hours by outcome; unfinished is running, or its process ended.",
    );
    for it in totals {
        for (outcome, runs) in it.outcomes {
            let labels = [("function", &*it.function), ("outcome", outcome)];
            family.gauge(&labels, number(u64::try_from(runs).unwrap_or_default()));
        }
    }
}

pub(super) fn backups(families: &mut Families, sources: &[SourceNumbers], now: Timestamp) {
    let age = |at: Timestamp| now.duration_since(at).as_secs_f64();
    let mut family = families.gauges(
        "magnusapi_backup_age_seconds",
        "The age of the newest backup of a database.",
    );
    for it in sources {
        if let Some(begun) = it.begun {
            family.gauge(&[("source", &*it.source)], age(begun));
        }
    }
    let mut family = families.gauges(
        "magnusapi_backup_verified_age_seconds",
        "The age of the newest backup that a restore has proved.",
    );
    for it in sources {
        if let Some(verified) = it.verified {
            family.gauge(&[("source", &*it.source)], age(verified));
        }
    }
    for (name, help, value) in NEWEST {
        let mut family = families.gauges(name, help);
        for it in sources {
            if let Some(newest) = &it.newest {
                family.gauge(&[("source", &*it.source)], value(newest));
            }
        }
    }
}

/// A series about the newest backup: its name, its help, and its value.
type OfNewest = (&'static str, &'static str, fn(&BackupNumbers) -> f64);

const NEWEST: [OfNewest; 4] = [
    (
        "magnusapi_backup_stored_bytes",
        "The size of the newest backup in the store.",
        |it| number(it.stored_bytes),
    ),
    (
        "magnusapi_backup_rows",
        "The rows in the newest backup.",
        |it| number(it.rows),
    ),
    (
        "magnusapi_backup_duration_seconds",
        "The time that the newest backup took.",
        |it| number(it.milliseconds) / 1e3,
    ),
    (
        "magnusapi_backup_findings",
        "Objects that the newest backup lacks.",
        |it| count(it.findings),
    ),
];

pub(super) fn sizes(families: &mut Families, targets: &[TargetNumbers]) {
    let mut family = families.gauges(
        "magnusapi_scale_desired_instances",
        "The size by the schedule and the holds; both bounds are equal without an autoscaler.",
    );
    for it in targets {
        for (bound, size) in [("min", it.desired.least()), ("max", it.desired.most())] {
            family.gauge(&[("target", &*it.target), ("bound", bound)], size.into());
        }
    }
    let mut family = families.gauges(
        "magnusapi_scale_actual_instances",
        "The size that the last tick read.",
    );
    for it in targets {
        let Some(actual) = it.actual else { continue };
        for (bound, size) in [("min", actual.least()), ("max", actual.most())] {
            family.gauge(&[("target", &*it.target), ("bound", bound)], size.into());
        }
    }
    let mut family = families.gauges("magnusapi_scale_holds", "The holds in force.");
    for it in targets {
        family.gauge(&[("target", &*it.target)], count(it.holds));
    }
    let mut family = families.gauges(
        "magnusapi_scale_day_drift",
        "Changes of another party within 24 hours that were changed back.",
    );
    for it in targets {
        family.gauge(&[("target", &*it.target)], count(it.drift));
    }
    let mut family = families.gauges(
        "magnusapi_scale_day_changes",
        "Changes of the last 24 hours by outcome; left is one that Azure did not begin.",
    );
    for it in targets {
        for (outcome, changes) in it.changes {
            let labels = [("target", &*it.target), ("outcome", outcome)];
            family.gauge(&labels, count(changes));
        }
    }
}
