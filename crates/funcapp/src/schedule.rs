//! When a timer fires.

use std::{fmt, time::Duration};

use jiff::{Timestamp, civil::DateTime, tz::TimeZone};

use crate::{error::Error, ncrontab::Ncrontab, settings::Settings, timespan};

/// A timer's schedule in UTC: an NCRONTAB expression with five fields, or six with seconds; or an
/// interval as a `TimeSpan`.
///
/// UTC because the plans that matter know no other: `WEBSITE_TIME_ZONE` does nothing on Flex and
/// Linux Consumption.
#[derive(Debug, Clone)]
pub struct Schedule {
    text: String,
    rule: Rule,
}

#[derive(Debug, Clone)]
enum Rule {
    Cron {
        cron: Box<croner::Cron>,
        sub_minute: bool,
    },
    /// Counted from the run before.
    Interval(Duration),
}

impl Schedule {
    /// Reads an NCRONTAB expression or a `TimeSpan`. It refuses what the
    /// host refuses, and intervals of zero or less, which the host runs without a pause.
    pub fn parse(text: &str) -> Result<Self, Error> {
        Self::of(None, text)
    }

    /// Reads `text`, the schedule of `function`, with every `%NAME%` taken from `settings`.
    pub(crate) fn resolve(function: &str, text: &str, settings: &Settings) -> Result<Self, Error> {
        Self::of(Some(function), &settings.resolve(function, text)?)
    }

    /// The first instant strictly after `instant` at which this fires: a whole second, or one
    /// interval later. `None` if there is none (`0 0 0 31 2 *`), or none before the year 5000.
    pub fn next_after(&self, instant: Timestamp) -> Option<Timestamp> {
        let cron = match &self.rule {
            Rule::Cron { cron, .. } => cron,
            Rule::Interval(length) => return instant.checked_add(*length).ok(),
        };
        let civil = TimeZone::UTC.to_datetime(instant);
        // croner compares whole seconds and continues at the next one, so a fraction is removed first.
        let second: DateTime = civil.with().subsec_nanosecond(0).build().ok()?;
        let next = cron.find_next_occurrence(&second, false).ok()?;
        TimeZone::UTC.to_timestamp(next).ok()
    }

    /// The last instant at or before `instant` at which this fires, if there is one. An interval has
    /// no fixed instants.
    pub fn last_until(&self, instant: Timestamp) -> Option<Timestamp> {
        let Rule::Cron { cron, .. } = &self.rule else {
            return None;
        };
        let civil = TimeZone::UTC.to_datetime(instant);
        let second: DateTime = civil.with().subsec_nanosecond(0).build().ok()?;
        let last = cron.find_previous_occurrence(&second, true).ok()?;
        TimeZone::UTC.to_timestamp(last).ok()
    }

    /// The next `count` instants after `instant`, fewer if there are not as many.
    pub fn upcoming(&self, instant: Timestamp, count: usize) -> Vec<Timestamp> {
        std::iter::successors(self.next_after(instant), |last| self.next_after(*last))
            .take(count)
            .collect()
    }

    /// Whether two runs can be less than a minute apart. The host then keeps no record of runs
    /// (`TimerTriggerAttributeBindingProvider.cs`).
    pub fn is_sub_minute(&self) -> bool {
        match &self.rule {
            Rule::Cron { sub_minute, .. } => *sub_minute,
            Rule::Interval(length) => *length < Duration::from_mins(1),
        }
    }

    /// Whether this is an interval and not NCRONTAB. The host then sends `AdjustForDST: false`.
    pub fn is_interval(&self) -> bool {
        matches!(self.rule, Rule::Interval(_))
    }

    /// The expression as it was read.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    fn of(function: Option<&str>, text: &str) -> Result<Self, Error> {
        let invalid = |problem| {
            let function = function.map(|name| format!("{name}: ")).unwrap_or_default();
            Error(format!("{function}the schedule `{text}` {problem}"))
        };
        let rule = match timespan::parse(text) {
            Some(Duration::ZERO) => {
                let problem = "is an interval of zero, which runs the timer without a pause; write `hh:mm:ss`";
                return Err(invalid(problem.to_owned()));
            }
            Some(length) => Rule::Interval(length),
            None => {
                let ncrontab = Ncrontab::parse(text).map_err(invalid)?;
                let sub_minute = ncrontab.is_sub_minute();
                let cron = Box::new(cron(&ncrontab));
                Rule::Cron { cron, sub_minute }
            }
        };
        let text = text.to_owned();
        Ok(Self { text, rule })
    }
}

impl fmt::Display for Schedule {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

/// croner searches; it never sees the text a person wrote, for it knows more than `NCrontab` does
/// and means something else by some of it.
fn cron(ncrontab: &Ncrontab) -> croner::Cron {
    croner::parser::CronParser::builder()
        .seconds(croner::parser::Seconds::Required)
        .dom_and_dow(true)
        .build()
        .parse(&ncrontab.plain())
        .expect("six fields of ascending numbers in range are a cron expression")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn instant(text: &str) -> Timestamp {
        text.parse().expect("an RFC 3339 instant")
    }

    #[test]
    fn the_next_occurrence_is_after_the_instant() {
        let schedule = Schedule::parse("0 15 3 * * *").expect("a schedule");
        for (after, expected) in [
            ("2026-09-14T03:14:59.999Z", "2026-09-14T03:15:00Z"),
            ("2026-09-14T03:15:00Z", "2026-09-15T03:15:00Z"),
            ("2026-09-14T03:15:00.5Z", "2026-09-15T03:15:00Z"),
        ] {
            let next = schedule.next_after(instant(after));
            assert_eq!(next, Some(instant(expected)), "{after}");
        }
    }

    #[test]
    fn the_last_occurrence_includes_the_instant_itself() {
        let schedule = Schedule::parse("0 15 3 * * *").expect("a schedule");
        for (instant_text, expected) in [
            ("2026-09-14T03:14:59.999Z", "2026-09-13T03:15:00Z"),
            ("2026-09-14T03:15:00Z", "2026-09-14T03:15:00Z"),
            ("2026-09-14T03:15:00.5Z", "2026-09-14T03:15:00Z"),
            ("2026-09-15T03:14:00Z", "2026-09-14T03:15:00Z"),
        ] {
            let last = schedule.last_until(instant(instant_text));
            assert_eq!(last, Some(instant(expected)), "{instant_text}");
        }
        let never = Schedule::parse("0 0 0 31 2 *").expect("a schedule");
        assert_eq!(never.last_until(instant("2026-01-01T00:00:00Z")), None);
    }

    #[test]
    fn an_error_names_the_function_and_the_schedule() {
        let settings = Settings::default().overlaid([("WHEN", "0 0 0 * * 7")]);
        let error = Schedule::resolve("Scale", "%WHEN%", &settings).expect_err("no seventh day");
        let text = error.to_string();
        assert!(
            text.starts_with("Scale: the schedule `0 0 0 * * 7` has `7`"),
            "{text}"
        );
        let error = Schedule::parse("soon").expect_err("not a schedule");
        assert!(
            error
                .to_string()
                .starts_with("the schedule `soon` has 1 fields")
        );
    }
}
