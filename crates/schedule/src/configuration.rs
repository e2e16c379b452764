//! `scale.toml`, read into values that are checked.
//!
//! What a value means on its own is checked while it is read, so that an error has its line; what
//! several values mean together is for [`lint`](super::lint()).

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;
use std::str::FromStr;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use thiserror::Error;
use toml::Spanned;

use super::calendar::{Calendar, Holidays};
use super::dates::{self, DatedTime};
use super::nearest::nearest;
use super::size::{Bounds, Size};
use super::target::{Mode, Target, TargetName};
use super::week::{Days, EndTime, WeekTime};
use super::window::{Dated, Weekly};
use super::zone::Zone;

/// What `scale.toml` says. Its calendars' files are still to be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Configuration {
    pub(super) targets: Vec<Target>,
    pub(super) calendars: Vec<CalendarSource>,
}

/// A calendar as the file names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CalendarSource {
    /// Its name.
    pub name: String,
    /// The line of `scale.toml` that it begins on.
    pub line: usize,
    /// The iCalendar files that belong to it.
    pub files: Vec<String>,
    /// The days that `scale.toml` itself names.
    pub(super) days: Calendar,
}

/// A file that cannot be read: where, and what to write.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub struct ConfigurationError {
    /// The line, from 1, where it is known.
    pub line: Option<usize>,
    /// What stands there.
    pub source_line: String,
    /// What is wrong with it.
    pub message: String,
}

impl fmt::Display for ConfigurationError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(
                formatter,
                "line {line}: {}: {}",
                self.source_line, self.message
            ),
            None => formatter.write_str(&self.message),
        }
    }
}

impl Configuration {
    /// Reads the text of a `scale.toml`.
    pub fn parse(text: &str) -> Result<Configuration, ConfigurationError> {
        let file: File = toml::from_str(text).map_err(|error| unread(text, &error))?;
        let lines: Vec<usize> = text.match_indices('\n').map(|(at, _)| at).collect();
        let place = |at: usize| 1 + lines.partition_point(|end| *end < at);
        let at = |span: Range<usize>, error: &dyn fmt::Display| located(text, &span, error);
        let mut targets = Vec::new();
        for (name, table) in file.target {
            let span = name.span();
            let line = place(span.start);
            let name = name.get_ref().parse().map_err(|error| at(span, &error))?;
            let (mode, rate) = (file.mode, file.changes_per_hour);
            targets.push(table.target(name, line, (mode, rate), &place, &at)?);
        }
        let calendars = file.calendar.into_iter().map(|(name, table)| {
            let line = place(name.span().start);
            table.source(name.into_inner(), line, &at)
        });
        Ok(Configuration {
            targets,
            calendars: calendars.collect::<Result<_, _>>()?,
        })
    }

    /// The calendars that the file names.
    pub fn calendars(&self) -> &[CalendarSource] {
        &self.calendars
    }
}

/// How many changes of a target are allowed within an hour, where the file does not say? Every tick
/// of an hour could be one: it stops what runs wild, and no schedule that people write.
const CHANGES_PER_HOUR: u32 = 12;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    mode: Mode,
    #[serde(default = "changes_per_hour")]
    changes_per_hour: u32,
    #[serde(default)]
    calendar: BTreeMap<Spanned<String>, CalendarTable>,
    #[serde(default)]
    target: BTreeMap<Spanned<String>, TargetTable>,
}

fn changes_per_hour() -> u32 {
    CHANGES_PER_HOUR
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CalendarTable {
    #[serde(default)]
    dates: Vec<Spanned<String>>,
    #[serde(default)]
    files: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TargetTable {
    resource: Option<String>,
    mode: Option<Mode>,
    changes_per_hour: Option<u32>,
    #[serde(deserialize_with = "text")]
    zone: Zone,
    size: Size,
    bounds: Bounds,
    holidays: Option<Spanned<HolidaysTable>>,
    #[serde(default)]
    weekly: Vec<Spanned<WeeklyTable>>,
    #[serde(default)]
    dated: Vec<Spanned<DatedTable>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct HolidaysTable {
    calendars: Vec<String>,
    size: Size,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WeeklyTable {
    name: Option<String>,
    #[serde(default, deserialize_with = "optional_text")]
    days: Option<Days>,
    #[serde(default, deserialize_with = "optional_text")]
    from: Option<WeekTime>,
    #[serde(default, deserialize_with = "optional_text")]
    to: Option<WeekTime>,
    size: Size,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DatedTable {
    name: Option<String>,
    #[serde(deserialize_with = "text")]
    from: DatedTime,
    #[serde(deserialize_with = "text")]
    to: DatedTime,
    size: Size,
}

fn text<'de, T, D>(deserializer: D) -> Result<T, D::Error>
where
    T: FromStr<Err: fmt::Display>,
    D: Deserializer<'de>,
{
    let text = String::deserialize(deserializer)?;
    text.parse().map_err(D::Error::custom)
}

fn optional_text<'de, T, D>(deserializer: D) -> Result<Option<T>, D::Error>
where
    T: FromStr<Err: fmt::Display>,
    D: Deserializer<'de>,
{
    text(deserializer).map(Some)
}

impl CalendarTable {
    fn source(
        self,
        name: String,
        line: usize,
        at: &impl Fn(Range<usize>, &dyn fmt::Display) -> ConfigurationError,
    ) -> Result<CalendarSource, ConfigurationError> {
        let mut days = Calendar::default();
        for text in self.dates {
            let date = dates::date(text.get_ref()).map_err(|error| at(text.span(), &error))?;
            days.add(date, &name);
        }
        Ok(CalendarSource {
            name,
            line,
            files: self.files,
            days,
        })
    }
}

impl TargetTable {
    /// The target, with `mode` and `rate` where it has none of its own. `place` is the line of an
    /// offset, `at` an error at a span.
    fn target(
        self,
        name: TargetName,
        line: usize,
        (mode, rate): (Mode, u32),
        place: &impl Fn(usize) -> usize,
        at: &impl Fn(Range<usize>, &dyn fmt::Display) -> ConfigurationError,
    ) -> Result<Target, ConfigurationError> {
        let weekly = self.weekly.into_iter().map(|table| {
            let span = table.span();
            let window = table.into_inner().window(place(span.start));
            window.map_err(|error| at(span, &error))
        });
        let dated = self.dated.into_iter().map(|table| {
            let span = table.span();
            let DatedTable {
                name,
                from,
                to,
                size,
            } = table.into_inner();
            let window = Dated::new(name, (from, to), size, place(span.start));
            window.map_err(|error| at(span, &error))
        });
        let holidays = self.holidays.map(|table| Holidays {
            line: place(table.span().start),
            days: Calendar::default(),
            size: table.get_ref().size,
            calendars: table.into_inner().calendars,
        });
        Ok(Target {
            name,
            line,
            resource: self.resource,
            mode: self.mode.unwrap_or(mode),
            changes_per_hour: self.changes_per_hour.unwrap_or(rate),
            zone: self.zone,
            size: self.size,
            bounds: self.bounds,
            weekly: weekly.collect::<Result<_, _>>()?,
            dated: dated.collect::<Result<_, _>>()?,
            holidays,
        })
    }
}

impl WeeklyTable {
    /// Without times a window lasts whole days.
    fn window(self, line: usize) -> Result<Weekly, super::window::WindowError> {
        let whole = |time| WeekTime { day: None, time };
        let from = self.from.unwrap_or(whole(EndTime(0)));
        let to = self.to.unwrap_or(whole(EndTime::MIDNIGHT));
        Weekly::new(self.name, self.days, (from, to), self.size, line)
    }
}

/// What the reader of TOML found, by its line, and with what was meant.
fn unread(text: &str, error: &toml::de::Error) -> ConfigurationError {
    let message = reworded(error.message());
    match error.span() {
        Some(span) => located(text, &span, &message),
        None => ConfigurationError {
            line: None,
            source_line: String::new(),
            message,
        },
    }
}

fn located(text: &str, span: &Range<usize>, error: &dyn fmt::Display) -> ConfigurationError {
    let start = span.start.min(text.len());
    let line = text[..start].matches('\n').count();
    ConfigurationError {
        line: Some(line + 1),
        source_line: text.lines().nth(line).unwrap_or_default().trim().to_owned(),
        message: error.to_string(),
    }
}

/// serde lists the keys that there are, each in backticks after the unknown one; the nearest is what
/// was meant.
fn reworded(message: &str) -> String {
    let Some(rest) = message.strip_prefix("unknown field ") else {
        return message.to_owned();
    };
    let mut names = rest.split('`').skip(1).step_by(2);
    let unknown = names.next().unwrap_or_default();
    let known: Vec<&str> = names.collect();
    let near = nearest(unknown, known.iter().copied());
    let near = near.map_or_else(String::new, |near| format!("; did you mean {near}?"));
    format!(
        "there is no key {unknown} here, only {}{near}",
        known.join(", ")
    )
}

#[cfg(test)]
mod tests;
