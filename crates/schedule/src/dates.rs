//! Dates of windows, as `scale.toml` writes them: `2026-12-24 18:00`, or `12-24 18:00` for every
//! year.

use std::fmt;
use std::str::FromStr;

use jiff::civil::{Date, DateTime};
use thiserror::Error;

use super::week::{EndTime, WeekError};
use super::zone::{YEARS, days_after};

/// The date of a window's edge, and the time of day where there is one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct DatedTime {
    pub(super) day: DayOf,
    pub(super) time: Option<EndTime>,
}

/// A day of one year, or of every year.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum DayOf {
    OneYear(Date),
    EveryYear(YearDay),
}

/// A month and a day that every year has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct YearDay {
    month: i8,
    day: i8,
}

/// A date that cannot be read.
#[derive(Debug, PartialEq, Eq, Error)]
pub(super) enum DateError {
    /// A date.
    #[error(
        "{0:?} is no date; write year, month and day such as \"2026-12-24\", with a time such as \
         \"2026-12-24 18:00\", or without the year for every year, \"12-24\""
    )]
    Date(String),
    /// A year far away.
    #[error("the year {} is out of reach; write one from {} to {}", .0, YEARS.start(), YEARS.end())]
    Year(i16),
    /// The day that most years lack.
    #[error("most years have no 29 February; write \"02-28\" or \"03-01\"")]
    LeapDay,
    /// The time of day.
    #[error(transparent)]
    Time(#[from] WeekError),
}

impl YearDay {
    /// A month and a day, unless it is not in every year.
    pub(super) fn new(month: i8, day: i8) -> Result<YearDay, DateError> {
        if (month, day) == (2, 29) {
            return Err(DateError::LeapDay);
        }
        let of_a_year = Date::new(2001, month, day);
        of_a_year.map_or_else(
            |_| Err(DateError::Date(format!("{month:02}-{day:02}"))),
            |_| Ok(YearDay { month, day }),
        )
    }

    /// That day in `year`.
    pub(super) fn of(self, year: i16) -> Date {
        Date::new(year, self.month, self.day).expect("every year has this day")
    }
}

/// `12-24`.
impl fmt::Display for YearDay {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:02}-{:02}", self.month, self.day)
    }
}

/// A date within reach: `2026-12-24`.
pub(super) fn date(text: &str) -> Result<Date, DateError> {
    let unread = || DateError::Date(text.to_owned());
    let is_written_out = text.len() == 10 && text.is_ascii() && !text.contains(['T', ' ']);
    let date: Date = text
        .parse()
        .ok()
        .filter(|_| is_written_out)
        .ok_or_else(unread)?;
    if !YEARS.contains(&date.year()) {
        return Err(DateError::Year(date.year()));
    }
    Ok(date)
}

impl FromStr for DatedTime {
    type Err = DateError;

    fn from_str(text: &str) -> Result<DatedTime, DateError> {
        let (day, time) = match text.trim().split_once([' ', 'T']) {
            Some((day, time)) => (day, Some(time.trim().parse::<EndTime>()?)),
            None => (text.trim(), None),
        };
        let day = match day.split_once('-') {
            Some((month, rest)) if month.len() == 2 => DayOf::EveryYear(year_day(month, rest)?),
            _ => DayOf::OneYear(date(day)?),
        };
        Ok(DatedTime { day, time })
    }
}

fn year_day(month: &str, day: &str) -> Result<YearDay, DateError> {
    let number = |text: &str| text.parse().ok().filter(|_| text.len() == 2);
    match (number(month), number(day)) {
        (Some(month), Some(day)) => YearDay::new(month, day),
        _ => Err(DateError::Date(format!("{month}-{day}"))),
    }
}

/// The time on a zone's clocks at so many minutes after a date's midnight; a whole day is the next
/// date's.
pub(super) fn at(date: Date, time: EndTime) -> DateTime {
    let (days, time) = time.split();
    days_after(date, i32::from(days)).to_datetime(time.time())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<String, String> {
        let read: Result<DatedTime, DateError> = text.parse();
        let read = read.map_err(|error| error.to_string())?;
        let time = read.time.unwrap_or(EndTime::MIDNIGHT);
        Ok(match read.day {
            DayOf::OneYear(date) => at(date, time).to_string(),
            DayOf::EveryYear(day) => format!("{day} {}", at(day.of(2026), time)),
        })
    }

    #[test]
    fn dates_have_a_year_or_are_of_every_year() {
        for (text, as_read) in [
            ("2026-12-24 18:00", "2026-12-24T18:00:00"),
            ("2026-12-24T18:00", "2026-12-24T18:00:00"),
            ("2026-12-31", "2027-01-01T00:00:00"),
            ("12-24 18:00", "12-24 2026-12-24T18:00:00"),
            ("12-31 24:00", "12-31 2027-01-01T00:00:00"),
        ] {
            assert_eq!(read(text).as_deref(), Ok(as_read), "{text}");
        }
    }

    #[test]
    fn what_is_no_date_is_refused_with_what_to_write() {
        for (text, hint) in [
            ("2026-13-01", "2026-12-24"),
            ("2026-02-30 08:00", "2026-12-24"),
            ("24.12.2026", "2026-12-24"),
            ("12-32", "12-24"),
            ("02-29", "02-28"),
            ("1066-10-14", "1970"),
            ("2026-12-24 18", "08:00"),
            ("20261224", "2026-12-24"),
            ("", "2026-12-24"),
        ] {
            let error = read(text).expect_err(text);
            assert!(error.contains(hint), "{text}: {error}");
        }
    }
}
