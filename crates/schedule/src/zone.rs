//! A time zone, and which instants its clocks' times are.

use std::fmt;
use std::str::FromStr;

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{SignedDuration, Timestamp, ToSpan};
use serde::{Serialize, Serializer};
use thiserror::Error;

use super::nearest::nearest;

/// A time zone of the IANA database, which is built into the program: so every machine agrees.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Zone(TimeZone);

/// A name that no zone has.
#[derive(Debug, PartialEq, Eq, Error)]
#[error(
    "{:?} is no time zone of the IANA database; write one such as \"UTC\" or \
     \"Europe/Berlin\"{}", .0, hint(.1.as_deref())
)]
pub struct UnknownZone(String, Option<String>);

fn hint(near: Option<&str>) -> String {
    near.map_or_else(String::new, |near| format!("; did you mean {near:?}?"))
}

/// A time on a zone's clocks, and the instant that it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Edge {
    /// The instant.
    pub at: Timestamp,
    /// The time that was asked for, whether or not clocks ever showed it.
    pub wall: DateTime,
    /// How the one came from the other.
    pub kind: Wall,
}

/// How often a zone's clocks show a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Wall {
    /// Once.
    Once,
    /// Never: they are set forward over it. It counts as so much later as they are set forward.
    Gap,
    /// Twice: they are set back over it. The first time counts.
    Fold,
}

impl Zone {
    /// The name.
    pub fn name(&self) -> &str {
        self.0
            .iana_name()
            .expect("a zone is made from its IANA name")
    }

    /// What the zone's clocks show at `at`.
    pub fn wall(&self, at: Timestamp) -> DateTime {
        self.0.to_datetime(at)
    }

    /// The instant of a time on the zone's clocks, which must be of the [years](YEARS) that are
    /// allowed: as RFC 5545 has it, and jiff's `Compatible`.
    pub fn edge(&self, wall: DateTime) -> Edge {
        let ambiguous = self.0.to_ambiguous_timestamp(wall);
        let at = in_range(ambiguous.compatible());
        let kind = match ambiguous.offset() {
            AmbiguousOffset::Unambiguous { .. } => Wall::Once,
            AmbiguousOffset::Gap { .. } => Wall::Gap,
            AmbiguousOffset::Fold { .. } if self.wall(at) == wall => Wall::Fold,
            // Where a zone's table ends and its rule begins, jiff takes the rule's word for what was
            // before: Nuuk in October 2023 is said to have set back clocks that it left alone.
            AmbiguousOffset::Fold { .. } => {
                let at = in_range(ambiguous.later());
                return Edge {
                    at,
                    wall,
                    kind: Wall::Once,
                };
            }
        };
        Edge { at, wall, kind }
    }

    /// What an instant is on the zone's clocks.
    pub fn edge_at(&self, at: Timestamp) -> Edge {
        Edge {
            at,
            wall: self.wall(at),
            kind: Wall::Once,
        }
    }

    /// The instants within the next 28 years at which clocks are set forward: after these the dates fall
    /// on the same days of the week again.
    pub(super) fn gaps(&self, from: Timestamp) -> impl Iterator<Item = Timestamp> + '_ {
        let last = self.wall(from).date().year().saturating_add(28);
        let instants = self.0.following(from).map(|it| it.timestamp());
        instants
            .take_while(move |at| self.wall(*at).date().year() <= last)
            .filter(|at| {
                let before = *at - SignedDuration::from_secs(1);
                self.0.to_offset(*at) > self.0.to_offset(before)
            })
    }

    /// The names of all zones.
    pub fn names() -> impl Iterator<Item = String> {
        jiff::tz::db()
            .available()
            .map(|name| name.as_str().to_owned())
    }
}

fn in_range(instant: Result<Timestamp, jiff::Error>) -> Timestamp {
    instant.expect("the years that are allowed lie well inside of jiff's")
}

/// The years that dates may be of: nobody plans further, and all arithmetic stays in range.
pub const YEARS: std::ops::RangeInclusive<i16> = 1970..=2999;

/// Reads an instant that a plan may begin at, such as `2026-11-24T00:00:00Z`: not so near the first or
/// the last of the [years](YEARS) that a plan would look beyond them.
pub fn parse_instant(text: &str) -> Option<Timestamp> {
    let at: Timestamp = text.parse().ok()?;
    let year = TimeZone::UTC.to_datetime(at).year();
    let has_room = (YEARS.start() + 1..YEARS.end() - 2).contains(&year);
    has_room.then_some(at)
}

/// The date so many days later.
pub(super) fn days_after(date: Date, days: i32) -> Date {
    date.checked_add(days.days())
        .expect("the years that are allowed lie well inside of jiff's")
}

/// The midnight that a date begins with.
pub(super) fn midnight(date: Date) -> DateTime {
    date.to_datetime(Time::midnight())
}

impl FromStr for Zone {
    type Err = UnknownZone;

    fn from_str(name: &str) -> Result<Zone, UnknownZone> {
        let found = jiff::tz::db().get(name).ok();
        let zone = found.filter(|zone| zone.iana_name().is_some());
        zone.map(Zone).ok_or_else(|| {
            let names: Vec<String> = Zone::names().collect();
            let near = nearest(name, names.iter().map(String::as_str));
            UnknownZone(name.to_owned(), near.map(str::to_owned))
        })
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

impl Serialize for Zone {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edge(zone: &str, wall: &str) -> (String, Wall) {
        let zone: Zone = zone.parse().expect("a zone");
        let edge = zone.edge(wall.parse().expect("a time"));
        (edge.at.to_string(), edge.kind)
    }

    #[test]
    fn a_time_in_a_gap_is_later_and_one_in_a_fold_is_the_first() {
        assert_eq!(
            edge("Europe/Berlin", "2026-03-29T02:30:00"),
            ("2026-03-29T01:30:00Z".into(), Wall::Gap)
        );
        assert_eq!(
            edge("Europe/Berlin", "2026-10-25T02:30:00"),
            ("2026-10-25T00:30:00Z".into(), Wall::Fold)
        );
        assert_eq!(
            edge("Europe/Berlin", "2026-07-01T02:30:00"),
            ("2026-07-01T00:30:00Z".into(), Wall::Once)
        );
    }

    #[test]
    fn an_unknown_zone_is_named_with_the_nearest_one() {
        let error = "Europe/Berln".parse::<Zone>().expect_err("no zone");
        assert!(
            error
                .to_string()
                .ends_with("did you mean \"Europe/Berlin\"?"),
            "{error}"
        );
        let error = "+02:00".parse::<Zone>().expect_err("an offset is no zone");
        assert!(error.to_string().contains("Europe/Berlin"), "{error}");
    }

    #[test]
    fn names_of_any_case_are_one_zone() {
        let zone: Zone = "europe/berlin".parse().expect("a zone");
        assert_eq!(zone.name(), "Europe/Berlin");
        let utc: Zone = "UTC".parse().expect("a zone");
        assert_eq!(utc.name(), "UTC");
    }
}
