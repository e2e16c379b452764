//! Days of the week and times of day, as `scale.toml` writes them.

use std::fmt;
use std::str::FromStr;

use jiff::civil::{Time, Weekday};
use thiserror::Error;

use super::nearest::nearest;

/// Some days of the week: `Mon-Fri`, `Sat,Sun`, `Fri-Mon`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Days(u8);

/// A time of day, in minutes from midnight: 0 to 1439.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct WallTime(u16);

/// A time of day, or the midnight at its end: 0 to 1440 minutes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct EndTime(pub(super) u16);

/// A time of a window's edge, with a day of the week where the window has just one: `22:00`,
/// `Fri 22:00`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct WeekTime {
    pub(super) day: Option<Weekday>,
    pub(super) time: EndTime,
}

/// A day or a time that cannot be read.
#[derive(Debug, PartialEq, Eq, Error)]
pub(super) enum WeekError {
    /// A day.
    #[error("{:?} is no day of the week; write Mon, Tue, Wed, Thu, Fri, Sat or Sun{}", .0, hint(*.1))]
    Day(String, Option<&'static str>),
    /// Days.
    #[error("no day is named; write days such as \"Mon-Fri\" or \"Sat,Sun\"")]
    NoDay,
    /// A time.
    #[error("{0:?} is no time of day; write hours and minutes such as \"08:00\", up to \"24:00\"")]
    Time(String),
}

fn hint(near: Option<&'static str>) -> String {
    near.map_or_else(String::new, |near| format!("; did you mean {near}?"))
}

const MINUTES_OF_A_DAY: u16 = 24 * 60;

/// The names that are read, the short one of each day first: it is the one that is written.
const NAMES: [(&str, &str, Weekday); 7] = [
    ("Mon", "Monday", Weekday::Monday),
    ("Tue", "Tuesday", Weekday::Tuesday),
    ("Wed", "Wednesday", Weekday::Wednesday),
    ("Thu", "Thursday", Weekday::Thursday),
    ("Fri", "Friday", Weekday::Friday),
    ("Sat", "Saturday", Weekday::Saturday),
    ("Sun", "Sunday", Weekday::Sunday),
];

impl Days {
    /// One day.
    pub(super) fn only(day: Weekday) -> Days {
        Days(bit(day))
    }

    /// Whether `day` is one of them.
    pub(super) fn contains(self, day: Weekday) -> bool {
        self.0 & bit(day) != 0
    }

    /// Each, from Monday.
    pub(super) fn iter(self) -> impl Iterator<Item = Weekday> {
        let all = NAMES.iter().map(|(.., day)| *day);
        all.filter(move |day| self.contains(*day))
    }

    fn from_to(first: Weekday, last: Weekday) -> Days {
        let days = std::iter::successors(Some(first), |day| (*day != last).then(|| day.next()));
        Days(days.fold(0, |bits, day| bits | bit(day)))
    }
}

fn bit(day: Weekday) -> u8 {
    1 << day.to_monday_zero_offset()
}

impl FromStr for Days {
    type Err = WeekError;

    fn from_str(text: &str) -> Result<Days, WeekError> {
        let mut days = Days(0);
        for part in text.split(',').map(str::trim).filter(|it| !it.is_empty()) {
            let (first, last) = part.split_once('-').unwrap_or((part, part));
            days.0 |= Days::from_to(day(first.trim())?, day(last.trim())?).0;
        }
        if days.0 == 0 {
            return Err(WeekError::NoDay);
        }
        Ok(days)
    }
}

fn day(text: &str) -> Result<Weekday, WeekError> {
    let found = NAMES.iter().find(|(short, long, _)| {
        text.eq_ignore_ascii_case(short) || text.eq_ignore_ascii_case(long)
    });
    let near = || nearest(text, NAMES.iter().map(|(short, ..)| *short));
    found
        .map(|(.., day)| *day)
        .ok_or_else(|| WeekError::Day(text.to_owned(), near()))
}

/// `Mon-Fri`, `Mon,Wed`: runs of three days and more as one.
impl fmt::Display for Days {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let days: Vec<&str> = self.iter().map(short).collect();
        match days[..] {
            [first, .., last] if days.len() > 2 && self.is_one_run() => {
                write!(formatter, "{first}-{last}")
            }
            _ => formatter.write_str(&days.join(",")),
        }
    }
}

impl Days {
    fn is_one_run(self) -> bool {
        let run = self.0 >> self.0.trailing_zeros();
        run & (run + 1) == 0
    }
}

/// `Mon`.
pub(super) fn short(day: Weekday) -> &'static str {
    NAMES[usize::from(day.to_monday_zero_offset().unsigned_abs())].0
}

impl WallTime {
    /// So many minutes from midnight; the rest of whole days.
    pub(super) fn of_minutes(minutes: u16) -> WallTime {
        WallTime(minutes % MINUTES_OF_A_DAY)
    }

    /// Minutes from midnight.
    pub(super) fn minutes(self) -> u16 {
        self.0
    }

    /// As jiff has it.
    pub(super) fn time(self) -> Time {
        let number = |value: u16| i8::try_from(value).expect("an hour or a minute is below 60");
        Time::constant(number(self.0 / 60), number(self.0 % 60), 0, 0)
    }
}

/// `08:00`.
impl fmt::Display for WallTime {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:02}:{:02}", self.0 / 60, self.0 % 60)
    }
}

impl EndTime {
    /// The midnight at a day's end.
    pub(super) const MIDNIGHT: EndTime = EndTime(MINUTES_OF_A_DAY);

    /// The days that it lies beyond its own, and the time on that day.
    pub(super) fn split(self) -> (u8, WallTime) {
        let days = u8::from(self == EndTime::MIDNIGHT);
        (days, WallTime::of_minutes(self.0))
    }
}

impl FromStr for EndTime {
    type Err = WeekError;

    fn from_str(text: &str) -> Result<EndTime, WeekError> {
        let number = |part: &str| {
            let digits = part.len() == 2 && part.bytes().all(|it| it.is_ascii_digit());
            digits.then(|| part.parse::<u16>().ok()).flatten()
        };
        let minutes = text.split_once(':').and_then(|(hours, minutes)| {
            let minutes = number(minutes).filter(|it| *it < 60)?;
            Some(number(hours)? * 60 + minutes)
        });
        let minutes = minutes.filter(|it| *it <= MINUTES_OF_A_DAY);
        minutes
            .map(EndTime)
            .ok_or_else(|| WeekError::Time(text.to_owned()))
    }
}

impl FromStr for WeekTime {
    type Err = WeekError;

    fn from_str(text: &str) -> Result<WeekTime, WeekError> {
        let (named, time) = match text.trim().rsplit_once(' ') {
            Some((named, time)) => (Some(day(named.trim())?), time),
            None => (None, text.trim()),
        };
        Ok(WeekTime {
            day: named,
            time: time.parse()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn days(text: &str) -> String {
        text.parse().map_or_else(
            |error: WeekError| error.to_string(),
            |days: Days| days.to_string(),
        )
    }

    #[test]
    fn days_are_lists_and_runs_also_across_the_weekend() {
        for (text, read) in [
            ("Mon-Fri", "Mon-Fri"),
            ("mon - friday", "Mon-Fri"),
            ("Sat,Sun", "Sat,Sun"),
            ("Sun, Sat", "Sat,Sun"),
            ("Fri-Mon", "Mon,Fri,Sat,Sun"),
            ("Wed-Wed", "Wed"),
            ("Mon-Sun", "Mon-Sun"),
            ("Tue,Thu-Sat,", "Tue,Thu,Fri,Sat"),
        ] {
            assert_eq!(days(text), read, "{text}");
        }
    }

    #[test]
    fn a_day_that_is_none_is_named_with_the_nearest_one() {
        assert_eq!(
            days("Mon-Fry"),
            "\"Fry\" is no day of the week; write Mon, Tue, Wed, Thu, Fri, Sat or Sun; did you \
             mean Fri?"
        );
        assert!(days("workdays").contains("\"workdays\" is no day of the week"));
        assert!(days(" , ").contains("no day is named"));
    }

    #[test]
    fn times_have_two_digits_each_and_end_at_24() {
        let minutes = |text: &str| text.parse().map(|EndTime(minutes)| minutes);
        assert_eq!(minutes("00:00"), Ok(0));
        assert_eq!(minutes("08:30"), Ok(510));
        assert_eq!(minutes("24:00"), Ok(1440));
        for text in [
            "8:00", "08:60", "24:01", "25:00", "08.00", "+8:00", "", "8am",
        ] {
            assert_eq!(minutes(text), Err(WeekError::Time(text.to_owned())));
        }
        assert_eq!(EndTime::MIDNIGHT.split(), (1, WallTime(0)));
    }

    #[test]
    fn an_edge_may_name_its_day() {
        let friday: WeekTime = "Fri 22:00".parse().expect("it can be read");
        assert_eq!(friday.day, Some(Weekday::Friday));
        let any: WeekTime = "22:00".parse().expect("it can be read");
        assert_eq!((any.day, any.time), (None, friday.time));
        assert!("Fri 22".parse::<WeekTime>().is_err());
    }
}
