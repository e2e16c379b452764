//! Dates: `2026-12-24 18:00`, or `12-24 18:00` in every year.

use std::fmt;
use std::str::FromStr;

use jiff::civil::{Date, DateTime};

use super::error::Error;
use super::week::TimeOfDay;
use super::zone::{YEARS, clock};

/// An edge of a dated window. Without a time it is the begin or the end of the day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct DatedTime {
    pub(super) day: DayOf,
    pub(super) time: Option<TimeOfDay>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum DayOf {
    OneYear(Date),
    EveryYear(YearDay),
}

/// A month and a day that every year has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct YearDay {
    month: i8,
    day: i8,
}

/// A time that comes every year.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct YearTime {
    pub(super) day: YearDay,
    pub(super) time: TimeOfDay,
}

/// A date of one of the [years](YEARS) that the file may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct FileDate(pub(super) Date);

fn not_a_date(text: &str) -> Error {
    Error(format!(
        "{text:?} is not a date; write year, month and day such as \"2026-12-24\", with a time such as \
         \"2026-12-24 18:00\", or without the year for every year, \"12-24\""
    ))
}

impl YearDay {
    fn new(month: i8, day: i8) -> Result<YearDay, Error> {
        if (month, day) == (2, 29) {
            return Error::of("most years have no 29 February; write \"02-28\" or \"03-01\"");
        }
        match Date::new(2001, month, day) {
            Ok(_) => Ok(YearDay { month, day }),
            Err(_) => Err(not_a_date(&format!("{month:02}-{day:02}"))),
        }
    }
}

impl YearTime {
    pub(super) fn of(self, year: i16) -> DateTime {
        let date = Date::new(year, self.day.month, self.day.day);
        clock(date.expect("every year has this day"), self.time.minutes())
    }
}

impl FromStr for FileDate {
    type Err = Error;

    fn from_str(text: &str) -> Result<FileDate, Error> {
        let is_written_out = text.len() == 10 && text.is_ascii() && !text.contains(['T', ' ']);
        let date = text.parse().ok().filter(|_| is_written_out);
        let date: Date = date.ok_or_else(|| not_a_date(text))?;
        if !YEARS.contains(&date.year()) {
            return Error::of(format!(
                "the year {} is out of range; write one from {} to {}",
                date.year(),
                YEARS.start(),
                YEARS.end()
            ));
        }
        Ok(FileDate(date))
    }
}

impl FromStr for DatedTime {
    type Err = Error;

    fn from_str(text: &str) -> Result<DatedTime, Error> {
        let (day, time) = match text.trim().split_once([' ', 'T']) {
            Some((day, time)) => (day, Some(time.trim().parse::<TimeOfDay>()?)),
            None => (text.trim(), None),
        };
        let day = match day.split_once('-') {
            Some((month, rest)) if month.len() == 2 => DayOf::EveryYear(year_day(month, rest)?),
            _ => DayOf::OneYear(day.parse::<FileDate>()?.0),
        };
        Ok(DatedTime { day, time })
    }
}

fn year_day(month: &str, day: &str) -> Result<YearDay, Error> {
    let number = |text: &str| text.parse().ok().filter(|_| text.len() == 2);
    match (number(month), number(day)) {
        (Some(month), Some(day)) => YearDay::new(month, day),
        _ => Err(not_a_date(&format!("{month}-{day}"))),
    }
}

/// As the file writes it.
impl fmt::Display for DatedTime {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.day {
            DayOf::OneYear(date) => date.fmt(formatter)?,
            DayOf::EveryYear(YearDay { month, day }) => write!(formatter, "{month:02}-{day:02}")?,
        }
        self.time
            .map_or(Ok(()), |time| write!(formatter, " {time}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<String, String> {
        let read: Result<DatedTime, Error> = text.parse();
        let read = read.map_err(|error| error.to_string())?;
        let time = read.time.unwrap_or(TimeOfDay::END);
        Ok(match read.day {
            DayOf::OneYear(date) => clock(date, time.minutes()).to_string(),
            DayOf::EveryYear(day) => format!("every {}", YearTime { day, time }.of(2026)),
        })
    }

    #[test]
    fn dates_are_of_one_year_or_of_every_year() {
        for (text, as_read) in [
            ("2026-12-24 18:00", "2026-12-24T18:00:00"),
            ("2026-12-24T18:00", "2026-12-24T18:00:00"),
            ("2026-12-31", "2027-01-01T00:00:00"),
            ("12-24 18:00", "every 2026-12-24T18:00:00"),
            ("12-31 24:00", "every 2027-01-01T00:00:00"),
        ] {
            assert_eq!(read(text).as_deref(), Ok(as_read), "{text}");
        }
        for text in ["2026-12-24 18:00", "12-24", "12-31 24:00"] {
            let time: DatedTime = text.parse().expect(text);
            assert_eq!(time.to_string(), text);
        }
    }

    #[test]
    fn errors_say_what_to_write() {
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
