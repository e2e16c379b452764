//! Days of the week and times of day.

use std::fmt;
use std::str::FromStr;

use jiff::civil::Weekday;

use super::error::Error;
use super::nearest::suggestion;

/// Days of the week: `Mon-Fri`, `Sat,Sun`, `Fri-Mon`. Bits from Monday.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Days(u8);

/// Minutes from midnight: 0 to 1440, which is the midnight at the day's end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct TimeOfDay(u16);

/// An edge of a weekly window: `22:00`, or `Fri 22:00` if the window has no days.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct WeekTime {
    pub(super) day: Option<Weekday>,
    pub(super) time: TimeOfDay,
}

/// The names that the file may use. Messages use the short one.
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
    pub(super) fn only(day: Weekday) -> Days {
        Days(bit(day))
    }

    pub(super) fn contains(self, day: Weekday) -> bool {
        self.0 & bit(day) != 0
    }

    /// From Monday on.
    pub(super) fn iter(self) -> impl Iterator<Item = Weekday> {
        let all = NAMES.iter().map(|(.., day)| *day);
        all.filter(move |day| self.contains(*day))
    }

    fn from_to(first: Weekday, last: Weekday) -> Days {
        let days = std::iter::successors(Some(first), |day| (*day != last).then(|| day.next()));
        Days(days.fold(0, |bits, day| bits | bit(day)))
    }

    fn is_one_run(self) -> bool {
        let run = self.0 >> self.0.trailing_zeros();
        run & (run + 1) == 0
    }
}

fn bit(day: Weekday) -> u8 {
    1 << day.to_monday_zero_offset()
}

impl FromStr for Days {
    type Err = Error;

    fn from_str(text: &str) -> Result<Days, Error> {
        let mut days = Days(0);
        for part in text.split(',').map(str::trim).filter(|it| !it.is_empty()) {
            let (first, last) = part.split_once('-').unwrap_or((part, part));
            days.0 |= Days::from_to(day(first.trim())?, day(last.trim())?).0;
        }
        if days.0 == 0 {
            return Error::of("no days; write days such as \"Mon-Fri\" or \"Sat,Sun\"");
        }
        Ok(days)
    }
}

fn day(text: &str) -> Result<Weekday, Error> {
    let found = NAMES.iter().find(|(short, long, _)| {
        text.eq_ignore_ascii_case(short) || text.eq_ignore_ascii_case(long)
    });
    found.map(|(.., day)| *day).ok_or_else(|| {
        let suggestion = suggestion(text, NAMES.iter().map(|(short, ..)| *short));
        Error(format!(
            "unknown day {text:?}; write Mon, Tue, Wed, Thu, Fri, Sat or Sun{suggestion}"
        ))
    })
}

/// `Mon-Fri`, `Mon,Wed`: three days and more in a row as a range.
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

fn short(day: Weekday) -> &'static str {
    NAMES[usize::from(day.to_monday_zero_offset().unsigned_abs())].0
}

impl TimeOfDay {
    pub(super) const BEGIN: TimeOfDay = TimeOfDay(0);
    /// `24:00`.
    pub(super) const END: TimeOfDay = TimeOfDay(DAY);

    pub(super) fn minutes(self) -> u16 {
        self.0
    }
}

/// The minutes of a day on the clock.
pub(super) const DAY: u16 = 24 * 60;

impl FromStr for TimeOfDay {
    type Err = Error;

    fn from_str(text: &str) -> Result<TimeOfDay, Error> {
        let number = |part: &str| {
            let digits = part.len() == 2 && part.bytes().all(|it| it.is_ascii_digit());
            digits.then(|| part.parse::<u16>().ok()).flatten()
        };
        let minutes = text.split_once(':').and_then(|(hours, minutes)| {
            let minutes = number(minutes).filter(|it| *it < 60)?;
            Some(number(hours)? * 60 + minutes)
        });
        let minutes = minutes.filter(|it| *it <= DAY);
        minutes.map(TimeOfDay).ok_or_else(|| {
            Error(format!(
                "{text:?} is not a time of day; write hours and minutes such as \"08:00\", up to \"24:00\""
            ))
        })
    }
}

impl fmt::Display for TimeOfDay {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:02}:{:02}", self.0 / 60, self.0 % 60)
    }
}

impl FromStr for WeekTime {
    type Err = Error;

    fn from_str(text: &str) -> Result<WeekTime, Error> {
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

impl fmt::Display for WeekTime {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(day) = self.day {
            write!(formatter, "{} ", short(day))?;
        }
        self.time.fmt(formatter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn days(text: &str) -> String {
        text.parse().map_or_else(
            |error: Error| error.to_string(),
            |days: Days| days.to_string(),
        )
    }

    #[test]
    fn days_are_lists_and_ranges_also_across_the_weekend() {
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
    fn unknown_days_are_rejected_with_a_suggestion() {
        assert_eq!(
            days("Mon-Fry"),
            "unknown day \"Fry\"; write Mon, Tue, Wed, Thu, Fri, Sat or Sun; did you mean Fri?"
        );
        assert!(days("workdays").contains("unknown day \"workdays\""));
        assert!(days(" , ").contains("no days"));
    }

    #[test]
    fn times_have_two_digits_each_and_end_at_24() {
        let minutes = |text: &str| text.parse().map(TimeOfDay::minutes);
        assert_eq!(minutes("00:00"), Ok(0));
        assert_eq!(minutes("08:30"), Ok(510));
        assert_eq!(minutes("24:00"), Ok(1440));
        for text in [
            "8:00", "08:60", "24:01", "25:00", "08.00", "+8:00", "", "8am",
        ] {
            let error = minutes(text).expect_err(text).to_string();
            assert!(error.contains("is not a time of day"), "{error}");
        }
    }

    #[test]
    fn an_edge_may_name_its_day() {
        let friday: WeekTime = "Fri 22:00".parse().expect("it can be read");
        assert_eq!(friday.day, Some(Weekday::Friday));
        assert_eq!(friday.to_string(), "Fri 22:00");
        let any: WeekTime = "22:00".parse().expect("it can be read");
        assert_eq!((any.day, any.time), (None, friday.time));
        assert!("Fri 22".parse::<WeekTime>().is_err());
    }
}
