//! Windows. Each is one object with a begin and an end, so a begin without an end cannot exist.

use std::iter;

use jiff::civil::{Date, DateTime};
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

use super::dates::{DatedTime, DayOf, YearTime};
use super::error::Error;
use super::size::Size;
use super::text::Text;
use super::week::{DAY, Days, TimeOfDay, WeekTime};
use super::zone::{Edge, Zone, clock, days_after};

/// A window that comes every week.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "WeeklyTable")]
pub struct Weekly {
    /// In `scale.toml`, where the window is one of its target.
    pub(super) line: usize,
    /// By default the window's times, as the file writes them.
    pub name: String,
    /// The size while the window is in force.
    pub size: Size,
    pub(super) days: Days,
    /// Minutes from midnight to the begin, by the clock.
    pub(super) from: u16,
    /// Minutes from the begin to the end, by the clock: at most a week.
    pub(super) length: u16,
}

/// A window of certain dates.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "DatedTable")]
pub struct Dated {
    /// In `scale.toml`, where the window is one of its target.
    pub(super) line: usize,
    /// By default the window's dates, as the file writes them.
    pub name: String,
    /// The size while the window is in force.
    pub size: Size,
    pub(super) dates: Dates,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dates {
    Once {
        from: DateTime,
        to: DateTime,
    },
    /// Ends in the year of its begin or, if that would not be after the begin, in the next.
    Yearly {
        from: YearTime,
        to: YearTime,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WeeklyTable {
    name: Option<String>,
    days: Option<Text<Days>>,
    from: Option<Text<WeekTime>>,
    to: Option<Text<WeekTime>>,
    size: Size,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DatedTable {
    name: Option<String>,
    from: Text<DatedTime>,
    to: Text<DatedTime>,
    size: Size,
}

const BEGINS_AT_THE_END: &str = "a window cannot begin at 24:00; write 00:00 of the next day";

/// With days, the window ends on the next day if `to` is not after `from`. Without days, both edges name
/// theirs. Without times, it lasts whole days.
impl TryFrom<WeeklyTable> for Weekly {
    type Error = Error;

    fn try_from(table: WeeklyTable) -> Result<Weekly, Error> {
        let edge = |given: Option<Text<WeekTime>>, time| {
            given.map_or(WeekTime { day: None, time }, |Text(edge)| edge)
        };
        let from = edge(table.from, TimeOfDay::BEGIN);
        let to = edge(table.to, TimeOfDay::END);
        if from.time == TimeOfDay::END {
            return Error::of(BEGINS_AT_THE_END);
        }
        let is_turned = to.time < from.time;
        let (days, later, written) = match (table.days, from.day, to.day) {
            (Some(Text(days)), None, None) => {
                (days, u16::from(is_turned), format!("{days} {from} to {to}"))
            }
            (None, Some(first), Some(last)) => {
                let later = match first.until(last).unsigned_abs() {
                    0 if is_turned => 7,
                    later => later,
                };
                (Days::only(first), later.into(), format!("{from} to {to}"))
            }
            (Some(_), ..) => {
                return Error::of(
                    "days and the days in from and to exclude each other; write days = \"Fri\", from = \
                     \"22:00\", or from = \"Fri 22:00\", to = \"Mon 06:00\"",
                );
            }
            (None, None, None) => {
                return Error::of(
                    "the window has no days; write days = \"Mon-Fri\", or name them in from and to",
                );
            }
            (None, ..) => {
                return Error::of(
                    "only one of from and to names its day; write both, as in \"Fri 22:00\" to \"Mon 06:00\"",
                );
            }
        };
        Ok(Weekly {
            line: 0,
            name: table.name.unwrap_or(written),
            size: table.size,
            days,
            from: from.time.minutes(),
            length: later * DAY + to.time.minutes() - from.time.minutes(),
        })
    }
}

/// Without times, the window has the whole days of both edges.
impl TryFrom<DatedTable> for Dated {
    type Error = Error;

    fn try_from(table: DatedTable) -> Result<Dated, Error> {
        let (Text(from), Text(to)) = (table.from, table.to);
        let begin = from.time.unwrap_or(TimeOfDay::BEGIN);
        let end = to.time.unwrap_or(TimeOfDay::END);
        if begin == TimeOfDay::END {
            return Error::of(BEGINS_AT_THE_END);
        }
        let dates = match (from.day, to.day) {
            (DayOf::OneYear(first), DayOf::OneYear(last)) => Dates::Once {
                from: clock(first, begin.minutes()),
                to: clock(last, end.minutes()),
            },
            (DayOf::EveryYear(first), DayOf::EveryYear(last)) => Dates::Yearly {
                from: YearTime {
                    day: first,
                    time: begin,
                },
                to: YearTime {
                    day: last,
                    time: end,
                },
            },
            _ => {
                return Error::of(
                    "only one of from and to has a year; write it in both, or in none for every year",
                );
            }
        };
        Ok(Dated {
            line: 0,
            name: table.name.unwrap_or_else(|| format!("{from} to {to}")),
            size: table.size,
            dates,
        })
    }
}

/// A time at which a rule is in force: from its begin to just before its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Occurrence {
    /// Inclusive.
    pub begins: Edge,
    /// Exclusive.
    pub ends: Edge,
}

/// A period with both ends included, and dates that surely surround it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Period {
    from: Timestamp,
    to: Timestamp,
    pub(super) first: Date,
    pub(super) last: Date,
}

impl Period {
    pub(super) fn new(zone: &Zone, from: Timestamp, to: Timestamp) -> Period {
        // Where clocks jump, the date on the clock and the date of the instant may differ by a day.
        Period {
            from,
            to,
            first: days_after(zone.wall(from).date(), -1),
            last: days_after(zone.wall(to).date(), 1),
        }
    }

    pub(super) fn meets(&self, occurrence: &Occurrence) -> bool {
        occurrence.begins.at <= self.to && self.from < occurrence.ends.at
    }
}

impl Occurrence {
    pub(super) fn new(zone: &Zone, begins: DateTime, ends: DateTime) -> Occurrence {
        Occurrence {
            begins: zone.edge(begins),
            ends: zone.edge(ends),
        }
    }

    /// The real duration, with clock changes.
    pub fn length(&self) -> SignedDuration {
        self.ends.at.duration_since(self.begins.at)
    }

    /// Clocks that jump over both edges can put them in the wrong order.
    fn is_some(&self) -> bool {
        self.begins.at < self.ends.at
    }
}

impl Weekly {
    /// Those that are in force at some time of `period`, by their begin.
    pub(super) fn occurrences(
        &self,
        zone: &Zone,
        period: Period,
    ) -> impl Iterator<Item = Occurrence> {
        let end = self.from + self.length;
        let first = days_after(period.first, -i32::from(end / DAY));
        let dates = iter::successors(Some(first), |date| Some(days_after(*date, 1)));
        dates
            .take_while(move |date| *date <= period.last)
            .filter(|date| self.days.contains(date.weekday()))
            .map(move |date| Occurrence::new(zone, clock(date, self.from), clock(date, end)))
            .filter(move |it| it.is_some() && period.meets(it))
    }
}

impl Dated {
    /// Those that are in force at some time of `period`, by their begin.
    pub(super) fn occurrences(
        &self,
        zone: &Zone,
        period: Period,
    ) -> impl Iterator<Item = Occurrence> {
        let years = match self.dates {
            Dates::Once { from, to } if from.date() > period.last || to.date() < period.first => {
                None
            }
            Dates::Once { from, .. } => Some(from.year()..=from.year()),
            Dates::Yearly { .. } => Some(period.first.year() - 1..=period.last.year()),
        };
        let years = years.into_iter().flatten();
        years
            .map(|year| self.of(zone, year))
            .filter(move |it| it.is_some() && period.meets(it))
    }

    /// The one that begins in `year`, which matters to yearly windows only.
    pub(super) fn of(&self, zone: &Zone, year: i16) -> Occurrence {
        match self.dates {
            Dates::Once { from, to } => Occurrence::new(zone, from, to),
            Dates::Yearly { from, to } => {
                let begins = from.of(year);
                let mut ends = [to.of(year), to.of(year + 1)].into_iter();
                let ends = ends.find(|ends| *ends > begins);
                Occurrence::new(zone, begins, ends.expect("a year later is later"))
            }
        }
    }
}
