//! The times at which a backup was due, and those that have none.
//!
//! A backup that is not in the store was never made, or was deleted. A rule that would keep it now would not have
//! let it be deleted: so it was never made, if neither the rules nor the schedule were changed.

use std::iter::successors;
use std::ops::Range;

use funcapp::Schedule;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use crate::backup::store::Rules;
use crate::backup::store::retention::{Candidate, State};
use pgarchive::BackupId;

/// The circumstances of a report.
pub(super) struct Basis<'a> {
    pub(super) now: Timestamp,
    /// The time that the report is about.
    pub(super) period: Range<Timestamp>,
    /// The address of the store.
    pub(super) store: String,
    /// When backups are due; each day, if `None`.
    pub(super) schedule: Option<&'a Schedule>,
}

#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct Slots {
    pub(super) due: usize,
    /// Those without a backup, which the rules would keep.
    pub(super) missing: Vec<Timestamp>,
    /// Those without a backup, which the rules would not keep, or from before the oldest backup.
    pub(super) unknown: Vec<Timestamp>,
}

/// A backup of a slot may still be running for this long.
const RUNNING: SignedDuration = SignedDuration::from_hours(1);

/// A backup may begin this much before its slot, by the clock of its machine.
const EARLY: SignedDuration = SignedDuration::from_secs(5);

/// Slots that a report has at most: a year of backups every ten minutes.
const MOST: usize = 53_000;

impl Slots {
    /// `candidates` are all backups of the source, the newest first.
    pub(super) fn new(basis: &Basis, rules: &Rules, candidates: &[Candidate]) -> Slots {
        let mut slots = Slots {
            due: 0,
            missing: Vec::new(),
            unknown: Vec::new(),
        };
        let oldest = candidates.last().map(|it| it.id.started());
        for (slot, next) in due(basis) {
            slots.due += 1;
            let is_of_slot = |it: &Candidate| {
                let at = it.id.started() + EARLY;
                slot <= at && at < next
            };
            if candidates.iter().any(is_of_slot) {
                continue;
            }
            let is_before_all = oldest.is_none_or(|oldest| slot < oldest);
            if !is_before_all && would_be_kept(slot, basis.now, rules, candidates) {
                slots.missing.push(slot);
            } else {
                slots.unknown.push(slot);
            }
        }
        slots
    }
}

/// Each slot of the period with the next one.
fn due(basis: &Basis) -> Vec<(Timestamp, Timestamp)> {
    let Range { start, end } = basis.period;
    let next = |at: Timestamp| match basis.schedule.filter(|it| !it.is_interval()) {
        Some(schedule) => schedule.next_after(at),
        None => midnight_after(at),
    };
    let ended = |next: Timestamp| match basis.schedule {
        // The backup of a day can begin at its end.
        None => next <= basis.now,
        Some(_) => true,
    };
    let first = next(start - SignedDuration::from_nanos(1));
    let starts = successors(first, |at| next(*at)).take_while(|at| *at < end);
    let pairs = starts.filter_map(|at| Some((at, next(at)?)));
    pairs
        .take_while(|(at, next)| *at + RUNNING <= basis.now && ended(*next))
        .take(MOST)
        .collect()
}

fn midnight_after(at: Timestamp) -> Option<Timestamp> {
    let tomorrow = at.to_zoned(TimeZone::UTC).date().tomorrow().ok()?;
    Some(tomorrow.to_zoned(TimeZone::UTC).ok()?.timestamp())
}

fn would_be_kept(slot: Timestamp, now: Timestamp, rules: &Rules, candidates: &[Candidate]) -> bool {
    let absent = Candidate {
        id: BackupId::new(slot, 0),
        state: State::Whole,
        verified: false,
        hold: None,
        in_use: false,
    };
    let id = absent.id.clone();
    let mut all = candidates.to_vec();
    all.push(absent);
    let decisions = rules.decide(all, now);
    decisions.iter().any(|it| it.id == id && it.keep)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().expect("an instant")
    }

    fn slots(started: &[&str], keep: &str, schedule: Option<&str>) -> Slots {
        let schedule = schedule.map(|it| Schedule::parse(it).expect("a schedule"));
        let basis = Basis {
            now: at("2026-11-24T12:00:00Z"),
            period: at("2026-11-18T00:00:00Z")..at("2026-12-01T00:00:00Z"),
            store: String::new(),
            schedule: schedule.as_ref(),
        };
        let rules = Rules {
            keep: keep.parse().expect("good rules"),
            immutable_days: 0,
            held_elsewhere: BTreeMap::new(),
        };
        let candidates = started.iter().map(|started| Candidate {
            id: BackupId::new(at(started), 1),
            state: State::Whole,
            verified: false,
            hold: None,
            in_use: false,
        });
        Slots::new(&basis, &rules, &candidates.collect::<Vec<_>>())
    }

    fn days(slots: &[Timestamp]) -> Vec<String> {
        slots
            .iter()
            .map(|it| it.strftime("%d %H").to_string())
            .collect()
    }

    #[test]
    fn a_day_without_a_backup_is_missing_if_the_rules_would_keep_one() {
        let started = [
            "2026-11-23T02:00:00Z",
            "2026-11-21T02:00:00Z",
            "2026-11-19T02:00:00Z",
        ];
        let found = slots(&started, "last=1,daily=14", None);
        // The 24th has not ended.
        assert_eq!(found.due, 6);
        assert_eq!(days(&found.missing), ["20 00", "22 00"]);
        assert_eq!(days(&found.unknown), ["18 00"], "before the oldest");
        let found = slots(&started, "last=1,daily=2", None);
        assert_eq!(days(&found.missing), ["22 00"]);
        assert_eq!(days(&found.unknown), ["18 00", "20 00"]);
    }

    #[test]
    fn slots_of_a_schedule_end_an_hour_ago() {
        let started = [
            "2026-11-24T10:00:03Z",
            "2026-11-23T21:59:58Z",
            "2026-11-23T10:00:00Z",
        ];
        let found = slots(&started, "last=9", Some("0 0 10,22 * * *"));
        assert_eq!(found.due, 13);
        assert_eq!(found.missing, []);
        let found = slots(&started, "last=9", Some("0 0 9,10,11 * * *"));
        assert_eq!(days(&found.missing), ["24 09", "24 11"]);
    }

    #[test]
    fn without_any_backup_nothing_is_known() {
        let found = slots(&[], "last=1", None);
        assert_eq!(
            (found.due, found.missing.len(), found.unknown.len()),
            (6, 0, 6)
        );
    }
}
