//! Time zones, and the instants of times on their clocks.

use std::fmt;
use std::str::FromStr;

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{SignedDuration, Timestamp, ToSpan};
use serde::{Serialize, Serializer};

use super::error::Error;
use super::nearest::suggestion;
use super::week::DAY;

/// A time zone of the IANA database. The database is built into the program, so all machines agree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Zone(TimeZone);

/// A time on a zone's clocks, and its instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Edge {
    #[serde(skip)]
    pub at: Timestamp,
    /// The time as the file has it. In a gap, clocks never show it.
    #[serde(rename = "written")]
    pub wall: DateTime,
    #[serde(rename = "change")]
    pub kind: Wall,
}

impl Edge {
    /// Whether the clocks show the time once.
    pub(super) fn is_plain(&self) -> bool {
        self.kind == Wall::Once
    }
}

/// How often a zone's clocks show a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Wall {
    Once,
    /// Never: clocks are set forward over it. It moves later by the length of the gap.
    Gap,
    /// Twice: clocks are set back over it. The first time counts.
    Fold,
}

impl Zone {
    pub fn name(&self) -> &str {
        self.0
            .iana_name()
            .expect("a zone is made from its IANA name")
    }

    /// The time on the zone's clocks at `at`.
    pub fn wall(&self, at: Timestamp) -> DateTime {
        self.0.to_datetime(at)
    }

    /// The instant of a time on the zone's clocks by RFC 5545, which is `Compatible` in jiff. The time is
    /// of one of the [years](YEARS) that the file may use.
    pub fn edge(&self, wall: DateTime) -> Edge {
        let ambiguous = self.0.to_ambiguous_timestamp(wall);
        let at = in_range(ambiguous.compatible());
        let kind = match ambiguous.offset() {
            AmbiguousOffset::Unambiguous { .. } => Wall::Once,
            AmbiguousOffset::Gap { .. } => Wall::Gap,
            AmbiguousOffset::Fold { .. } if self.wall(at) == wall => Wall::Fold,
            // Where a zone's table ends and its rule begins, jiff applies the rule to the time before: for
            // Nuuk in October 2023 it reports a fold that did not happen.
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

    pub fn edge_at(&self, at: Timestamp) -> Edge {
        Edge {
            at,
            wall: self.wall(at),
            kind: Wall::Once,
        }
    }

    /// The changes of the clocks from `from` to just before `to`, with the seconds by which each sets them
    /// forward.
    pub fn clock_changes(
        &self,
        from: Timestamp,
        to: Timestamp,
    ) -> impl Iterator<Item = (Timestamp, i32)> + '_ {
        let instants = self.0.following(from).map(|it| it.timestamp());
        let changes = instants.take_while(move |at| *at < to).map(|at| {
            let before = self.0.to_offset(at - SignedDuration::from_secs(1));
            (at, self.0.to_offset(at).seconds() - before.seconds())
        });
        changes.filter(|(_, forward)| *forward != 0)
    }

    /// The instants within the next 29 years at which clocks are set forward. After 28 years, the dates
    /// fall on the same days of the week again.
    pub(super) fn gaps(&self, from: Timestamp) -> impl Iterator<Item = Timestamp> + '_ {
        let to = from + SignedDuration::from_hours(29 * 366 * 24);
        let changes = self.clock_changes(from, to);
        changes.filter_map(|(at, forward)| (forward > 0).then_some(at))
    }

    pub fn names() -> impl Iterator<Item = String> {
        jiff::tz::db()
            .available()
            .map(|name| name.as_str().to_owned())
    }
}

fn in_range(instant: Result<Timestamp, jiff::Error>) -> Timestamp {
    instant.expect(IN_RANGE)
}

const IN_RANGE: &str = "the years of the file are well within those of jiff";

/// The years that the file may use. All arithmetic on them stays in range.
pub const YEARS: std::ops::RangeInclusive<i16> = 1970..=2999;

/// Parses an instant at which a plan may begin, such as `2026-11-24T00:00:00Z`. It is far enough from the
/// first and the last of the [years](YEARS) for a plan to stay within them.
pub fn parse_instant(text: &str) -> Option<Timestamp> {
    let at: Timestamp = text.parse().ok()?;
    let year = TimeZone::UTC.to_datetime(at).year();
    let has_room = (YEARS.start() + 1..YEARS.end() - 2).contains(&year);
    has_room.then_some(at)
}

pub(super) fn days_after(date: Date, days: i32) -> Date {
    date.checked_add(days.days()).expect(IN_RANGE)
}

/// The time on the clock this many minutes after a date's midnight; a day of clocks has 24 hours.
pub(super) fn clock(date: Date, minutes: u16) -> DateTime {
    let number = |value: u16| i8::try_from(value).expect("an hour or a minute is below 60");
    let time = Time::constant(number(minutes % DAY / 60), number(minutes % 60), 0, 0);
    let date = match minutes / DAY {
        0 => date,
        days => days_after(date, days.into()),
    };
    date.to_datetime(time)
}

impl FromStr for Zone {
    type Err = Error;

    fn from_str(name: &str) -> Result<Zone, Error> {
        let found = jiff::tz::db().get(name).ok();
        let zone = found.filter(|zone| zone.iana_name().is_some());
        zone.map(Zone).ok_or_else(|| {
            let names: Vec<String> = Zone::names().collect();
            let suggestion = suggestion(name, names.iter().map(String::as_str));
            Error(format!(
                "unknown time zone {name:?}; write a name of the IANA database, such as \"UTC\" or \
                 \"Europe/Berlin\"{suggestion}"
            ))
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

    #[test]
    fn unknown_zones_are_rejected_with_a_suggestion() {
        let error = "Europe/Berln".parse::<Zone>().expect_err("a misspelling");
        assert!(
            error.to_string().ends_with("did you mean Europe/Berlin?"),
            "{error}"
        );
        let error = "+02:00".parse::<Zone>().expect_err("an offset");
        assert!(error.to_string().contains("Europe/Berlin"), "{error}");
    }

    #[test]
    fn names_of_zones_are_case_insensitive() {
        let zone: Zone = "europe/berlin".parse().expect("a zone");
        assert_eq!(zone.name(), "Europe/Berlin");
        let utc: Zone = "UTC".parse().expect("a zone");
        assert_eq!(utc.name(), "UTC");
    }
}
