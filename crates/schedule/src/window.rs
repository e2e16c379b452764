//! Windows: one object each, with a begin and an end, so that none is ever begun and not ended.

use std::fmt;
use std::iter;

use jiff::civil::{Date, Weekday};
use jiff::{SignedDuration, Timestamp};

use super::dates::{DatedTime, DayOf, YearDay, at};
use super::size::Size;
use super::week::{Days, EndTime, WallTime, WeekTime, short};
use super::zone::{Edge, Zone, days_after};

/// A window that comes every week.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Weekly {
    /// What people call it, or how it is written.
    pub name: String,
    /// The size while it is in force.
    pub size: Size,
    /// The line of `scale.toml` that it begins on.
    pub line: usize,
    pub(super) days: Days,
    pub(super) from: WallTime,
    /// How many days after the one that it begins on it ends: 0 to 7.
    pub(super) later: u8,
    pub(super) to: WallTime,
}

/// A window of certain dates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dated {
    /// What people call it, or how it is written.
    pub name: String,
    /// The size while it is in force.
    pub size: Size,
    /// The line of `scale.toml` that it begins on.
    pub line: usize,
    pub(super) dates: Dates,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dates {
    Once {
        from: (Date, EndTime),
        to: (Date, EndTime),
    },
    /// To an end in the same year or, where it is not after the begin, in the next.
    Yearly {
        from: (YearDay, EndTime),
        to: (YearDay, EndTime),
    },
}

/// One time that a window is in force: from its begin to just before its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Occurrence {
    /// The begin, which is part of it.
    pub begins: Edge,
    /// The end, which is not.
    pub ends: Edge,
}

/// A stretch of time, both ends included, and dates that are surely around it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stretch {
    from: Timestamp,
    to: Timestamp,
    pub(super) first: Date,
    pub(super) last: Date,
}

impl Stretch {
    pub(super) fn new(zone: &Zone, from: Timestamp, to: Timestamp) -> Stretch {
        // What is on a date by the clock may be a day away from it where clocks jump.
        Stretch {
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

/// Edges that make no window.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum WindowError {
    /// Days in two places.
    #[error(
        "days and the days in from and to exclude each other; write days = \"Fri\", from = \
         \"22:00\", or from = \"Fri 22:00\", to = \"Mon 06:00\""
    )]
    DaysTwice,
    /// A day at one edge alone.
    #[error(
        "only one of from and to names its day; write both, as in \"Fri 22:00\" to \"Mon 06:00\""
    )]
    OneDay,
    /// No days at all.
    #[error("no days are named; write days = \"Mon-Fri\", or name them in from and to")]
    NoDays,
    /// 24:00 as a begin.
    #[error("a window cannot begin at 24:00; write 00:00 of the next day")]
    BeginsAtTheEnd,
    /// One date with a year and one without.
    #[error("only one of from and to has a year; write it in both, or in none for every year")]
    OneYear,
}

impl Occurrence {
    /// Whether it is in force at `at`.
    pub fn holds(&self, at: Timestamp) -> bool {
        self.begins.at <= at && at < self.ends.at
    }

    /// How long it really is, clock changes included.
    pub fn length(&self) -> SignedDuration {
        self.ends.at.duration_since(self.begins.at)
    }

    /// Clocks that jump over both edges in the wrong order leave nothing of it.
    fn is_some(&self) -> bool {
        self.begins.at < self.ends.at
    }
}

impl Weekly {
    /// Where it has days, `from` and `to` are times, and it ends on the next day where `to` is not
    /// after `from`. Without days both edges name theirs.
    pub(super) fn new(
        name: Option<String>,
        days: Option<Days>,
        (from, to): (WeekTime, WeekTime),
        size: Size,
        line: usize,
    ) -> Result<Weekly, WindowError> {
        if from.time == EndTime::MIDNIGHT {
            return Err(WindowError::BeginsAtTheEnd);
        }
        let (days, apart) = match (days, from.day, to.day) {
            (Some(days), None, None) => (days, None),
            (None, Some(first), Some(last)) => (Days::only(first), Some(days_between(first, last))),
            (Some(_), ..) => return Err(WindowError::DaysTwice),
            (None, None, None) => return Err(WindowError::NoDays),
            (None, ..) => return Err(WindowError::OneDay),
        };
        let (over, end) = to.time.split();
        let begin = WallTime::of_minutes(from.time.0);
        let is_turned = to.time < from.time;
        let later = match apart {
            None => over + u8::from(is_turned),
            Some(0) if is_turned => 7,
            Some(apart) => apart + over,
        };
        let written = || match apart {
            None => format!("{days} {begin} to {}", Written(to.time)),
            Some(_) => format!("{} to {}", Written(from), Written(to)),
        };
        Ok(Weekly {
            name: name.unwrap_or_else(written),
            size,
            line,
            days,
            from: begin,
            later,
            to: end,
        })
    }

    /// How long it is on the clock, in minutes: 0 where it begins and ends at once.
    pub(super) fn minutes(&self) -> i32 {
        i32::from(self.later) * 1440 + i32::from(self.to.minutes()) - i32::from(self.from.minutes())
    }

    /// The one that begins on `date`.
    fn on(&self, zone: &Zone, date: Date) -> Occurrence {
        Occurrence {
            begins: zone.edge(date.to_datetime(self.from.time())),
            ends: zone.edge(days_after(date, self.later.into()).to_datetime(self.to.time())),
        }
    }

    /// Those that begin on the days from `first` to `last`.
    fn between(&self, zone: &Zone, first: Date, last: Date) -> impl Iterator<Item = Occurrence> {
        let dates = iter::successors(Some(first), |date| Some(days_after(*date, 1)));
        dates
            .take_while(move |date| *date <= last)
            .filter(|date| self.days.contains(date.weekday()))
            .map(|date| self.on(zone, date))
            .filter(Occurrence::is_some)
    }

    /// Those that are in force at some time of `stretch`, by their begin.
    pub(super) fn occurrences(
        &self,
        zone: &Zone,
        stretch: Stretch,
    ) -> impl Iterator<Item = Occurrence> {
        let first = days_after(stretch.first, -i32::from(self.later));
        self.between(zone, first, stretch.last)
            .filter(move |it| stretch.meets(it))
    }
}

fn days_between(first: Weekday, last: Weekday) -> u8 {
    let days = last.to_monday_zero_offset() - first.to_monday_zero_offset();
    days.rem_euclid(7).unsigned_abs()
}

impl Dated {
    /// A date alone stands for the whole day.
    pub(super) fn new(
        name: Option<String>,
        (from, to): (DatedTime, DatedTime),
        size: Size,
        line: usize,
    ) -> Result<Dated, WindowError> {
        let begin = from.time.unwrap_or(EndTime(0));
        if begin == EndTime::MIDNIGHT {
            return Err(WindowError::BeginsAtTheEnd);
        }
        let end = to.time.unwrap_or(EndTime::MIDNIGHT);
        let dates = match (from.day, to.day) {
            (DayOf::OneYear(first), DayOf::OneYear(last)) => Dates::Once {
                from: (first, begin),
                to: (last, end),
            },
            (DayOf::EveryYear(first), DayOf::EveryYear(last)) => Dates::Yearly {
                from: (first, begin),
                to: (last, end),
            },
            _ => return Err(WindowError::OneYear),
        };
        let written = || format!("{} to {}", Written(from), Written(to));
        Ok(Dated {
            name: name.unwrap_or_else(written),
            size,
            line,
            dates,
        })
    }

    /// Those that are in force at some time of `stretch`, by their begin.
    pub(super) fn occurrences(
        &self,
        zone: &Zone,
        stretch: Stretch,
    ) -> impl Iterator<Item = Occurrence> {
        let years = match self.dates {
            Dates::Once { from, to }
                if from.0 > stretch.last || days_after(to.0, 1) < stretch.first =>
            {
                None
            }
            // It has one date, whatever the year.
            Dates::Once {
                from: (first, _), ..
            } => Some(first.year()..=first.year()),
            Dates::Yearly { .. } => Some(stretch.first.year() - 1..=stretch.last.year()),
        };
        let years = years.into_iter().flatten();
        years
            .map(|year| self.of(zone, year))
            .filter(move |it| it.is_some() && stretch.meets(it))
    }

    /// The one that begins in `year`, which counts only where it comes every year.
    pub(super) fn of(&self, zone: &Zone, year: i16) -> Occurrence {
        let (begins, ends) = match self.dates {
            Dates::Once { from, to } => (at(from.0, from.1), at(to.0, to.1)),
            Dates::Yearly { from, to } => {
                let begins = at(from.0.of(year), from.1);
                let ends = at(to.0.of(year), to.1);
                let ends = if ends > begins {
                    ends
                } else {
                    at(to.0.of(year + 1), to.1)
                };
                (begins, ends)
            }
        };
        Occurrence {
            begins: zone.edge(begins),
            ends: zone.edge(ends),
        }
    }
}

/// An edge as it is written.
struct Written<T>(T);

impl fmt::Display for Written<EndTime> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:02}:{:02}", self.0.0 / 60, self.0.0 % 60)
    }
}

impl fmt::Display for Written<WeekTime> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(day) = self.0.day {
            write!(formatter, "{} ", short(day))?;
        }
        Written(self.0.time).fmt(formatter)
    }
}

impl fmt::Display for Written<DatedTime> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.day {
            DayOf::OneYear(date) => date.fmt(formatter)?,
            DayOf::EveryYear(day) => day.fmt(formatter)?,
        }
        match self.0.time {
            Some(time) => write!(formatter, " {}", Written(time)),
            None => Ok(()),
        }
    }
}
