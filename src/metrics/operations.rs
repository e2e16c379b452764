//! Series of checks, timers, backups and sizes.

use jiff::Timestamp;

use super::families::{Families, count, number};
use crate::backup::SourceNumbers;
use crate::health::{Report, Status};
use crate::ledger::RunTotals;
use crate::scale::TargetNumbers;
use schedule::Size;

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

/// A series with one label: its name, its help, and its value for each thing that has one.
type Series<'a, T> = (&'static str, &'static str, &'a dyn Fn(&T) -> Option<f64>);

fn add<T>(
    families: &mut Families,
    label: &'static str,
    things: &[T],
    name: fn(&T) -> &str,
    series: &[Series<'_, T>],
) {
    for (family, help, value) in series {
        let mut family = families.gauges(family, help);
        for thing in things {
            if let Some(value) = value(thing) {
                family.gauge(&[(label, name(thing))], value);
            }
        }
    }
}

pub(super) fn timers(families: &mut Families, totals: &[RunTotals]) {
    let series: [Series<'_, RunTotals>; 2] = [
        (
            "magnusapi_timer_last_success_timestamp_seconds",
            "The end of the last successful run.",
            &|it| Some(it.last_success?.as_duration().as_secs_f64()),
        ),
        (
            "magnusapi_timer_last_run_duration_seconds",
            "The duration of the last run that ended.",
            &|it| Some(whole(it.last_milliseconds?) / 1e3),
        ),
    ];
    add(families, "function", totals, |it| &it.function, &series);
    let mut family = families.gauges(
        "magnusapi_timer_day_runs",
        "Runs of the last 24 hours by outcome; unfinished is running, or its process ended.",
    );
    for it in totals {
        for (outcome, runs) in it.outcomes {
            let labels = [("function", &*it.function), ("outcome", outcome)];
            family.gauge(&labels, whole(runs));
        }
    }
}

/// A number of the database that is not negative.
fn whole(value: i64) -> f64 {
    number(u64::try_from(value).unwrap_or_default())
}

pub(super) fn backups(families: &mut Families, sources: &[SourceNumbers], now: Timestamp) {
    let age = |at: Timestamp| now.duration_since(at).as_secs_f64();
    let series: [Series<'_, SourceNumbers>; 6] = [
        (
            "magnusapi_backup_age_seconds",
            "The age of the newest backup of a database.",
            &|it| it.begun.map(age),
        ),
        (
            "magnusapi_backup_verified_age_seconds",
            "The age of the newest backup that a restore has proved.",
            &|it| it.verified.map(age),
        ),
        (
            "magnusapi_backup_stored_bytes",
            "The size of the newest backup in the store.",
            &|it| Some(number(it.newest.as_ref()?.bytes)),
        ),
        (
            "magnusapi_backup_rows",
            "The rows in the newest backup.",
            &|it| Some(number(it.newest.as_ref()?.rows)),
        ),
        (
            "magnusapi_backup_duration_seconds",
            "The time that the newest backup took.",
            &|it| Some(number(it.newest.as_ref()?.milliseconds) / 1e3),
        ),
        (
            "magnusapi_backup_findings",
            "Objects that the newest backup lacks.",
            &|it| Some(count(it.newest.as_ref()?.findings.len())),
        ),
    ];
    add(families, "source", sources, |it| &it.source, &series);
}

pub(super) fn sizes(families: &mut Families, targets: &[TargetNumbers]) {
    let mut sizes = |name, help, size: fn(&TargetNumbers) -> Option<Size>| {
        let mut family = families.gauges(name, help);
        for it in targets {
            let Some(size) = size(it) else { continue };
            for (bound, count) in [("min", size.least()), ("max", size.most())] {
                family.gauge(&[("target", &*it.target), ("bound", bound)], count.into());
            }
        }
    };
    sizes(
        "magnusapi_scale_desired_instances",
        "The size by the schedule and the holds; both bounds are equal without an autoscaler.",
        |it| Some(it.desired),
    );
    sizes(
        "magnusapi_scale_actual_instances",
        "The size that the last tick read.",
        |it| it.actual,
    );
    let series: [Series<'_, TargetNumbers>; 2] = [
        ("magnusapi_scale_holds", "The holds in force.", &|it| {
            Some(count(it.holds))
        }),
        (
            "magnusapi_scale_day_drift",
            "Changes of another party within 24 hours that were changed back.",
            &|it| Some(whole(it.drift)),
        ),
    ];
    add(families, "target", targets, |it| &it.target, &series);
    let mut family = families.gauges(
        "magnusapi_scale_day_changes",
        "Changes of the last 24 hours by outcome; left is one that Azure did not begin.",
    );
    for it in targets {
        for (outcome, changes) in it.changes {
            let labels = [("target", &*it.target), ("outcome", outcome)];
            family.gauge(&labels, whole(changes));
        }
    }
}
