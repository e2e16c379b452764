//! `scale.toml` into checked values.
//!
//! A value is checked where it is read, so an error has its line. [`lint`](super::lint()) checks how values
//! fit together.

use std::collections::BTreeMap;
use std::ops::Range;

use serde::Deserialize;
use toml::Spanned;

use super::calendar::{Calendar, Holidays};
use super::dates::FileDate;
use super::error::Error;
use super::name::TargetName;
use super::nearest::suggestion;
use super::size::{Bounds, Size};
use super::target::{Mode, Target};
use super::text::Text;
use super::window::{Dated, Weekly};
use super::zone::Zone;

/// The content of `scale.toml`, without the calendars that are in other files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Configuration {
    pub(super) targets: Vec<Target>,
    pub(super) calendars: Vec<CalendarSource>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CalendarSource {
    pub name: String,
    /// iCalendar files whose days belong to it.
    pub files: Vec<String>,
    /// The dates in `scale.toml` itself.
    pub(super) days: Calendar,
}

impl Configuration {
    /// Parses the text of a `scale.toml`. An error has its line.
    pub fn parse(text: &str) -> Result<Configuration, Error> {
        let file: File = toml::from_str(text).map_err(|error| located(text, &error))?;
        let ends: Vec<usize> = text.match_indices('\n').map(|(at, _)| at).collect();
        let line = |span: Range<usize>| 1 + ends.partition_point(|end| *end < span.start);
        let targets = file.target.into_iter();
        let targets =
            targets.map(|(name, table)| table.target(name, file.mode, file.changes_per_hour, line));
        let calendars = file.calendar.into_iter();
        let calendars = calendars.map(|(name, table)| table.source(name, line));
        Ok(Configuration {
            targets: targets.collect(),
            calendars: calendars.collect(),
        })
    }

    pub fn calendars(&self) -> &[CalendarSource] {
        &self.calendars
    }
}

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
    target: BTreeMap<Spanned<TargetName>, TargetTable>,
}

/// One for each tick of an hour: a limit for a target that changes all the time, and more than any schedule
/// needs.
fn changes_per_hour() -> u32 {
    12
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CalendarTable {
    #[serde(default)]
    dates: Vec<Text<FileDate>>,
    #[serde(default)]
    files: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TargetTable {
    resource: Option<String>,
    mode: Option<Mode>,
    changes_per_hour: Option<u32>,
    zone: Text<Zone>,
    size: Size,
    bounds: Bounds,
    holidays: Option<Spanned<Holidays>>,
    #[serde(default)]
    weekly: Vec<Spanned<Window<Weekly>>>,
    #[serde(default)]
    dated: Vec<Spanned<Window<Dated>>>,
}

/// As a newtype it has a span of its own, so an error has the line of this window.
#[derive(Deserialize)]
struct Window<T>(T);

impl CalendarTable {
    fn source(self, name: Spanned<String>, line: impl Fn(Range<usize>) -> usize) -> CalendarSource {
        let mut days = Calendar::default();
        days.line = line(name.span());
        let name = name.into_inner();
        for Text(FileDate(date)) in self.dates {
            days.add(date, &name);
        }
        CalendarSource {
            name,
            files: self.files,
            days,
        }
    }
}

impl TargetTable {
    /// `mode` and `changes_per_hour` apply where the target has none of its own. `line` returns that of a part.
    fn target(
        self,
        name: Spanned<TargetName>,
        mode: Mode,
        changes_per_hour: u32,
        line: impl Fn(Range<usize>) -> usize,
    ) -> Target {
        let weekly = self.weekly.into_iter().map(|it| Weekly {
            line: line(it.span()),
            ..it.into_inner().0
        });
        let dated = self.dated.into_iter().map(|it| Dated {
            line: line(it.span()),
            ..it.into_inner().0
        });
        let holidays = self.holidays.map(|it| Holidays {
            line: line(it.span()),
            ..it.into_inner()
        });
        Target {
            line: line(name.span()),
            name: name.into_inner(),
            resource: self.resource,
            mode: self.mode.unwrap_or(mode),
            changes_per_hour: self.changes_per_hour.unwrap_or(changes_per_hour),
            zone: self.zone.0,
            size: self.size,
            bounds: self.bounds,
            weekly: weekly.collect(),
            dated: dated.collect(),
            holidays,
        }
    }
}

fn located(text: &str, error: &toml::de::Error) -> Error {
    let message = reworded(error.message());
    let Some(span) = error.span() else {
        return Error(message);
    };
    let line = text[..span.start.min(text.len())].matches('\n').count();
    let source_line = text.lines().nth(line).unwrap_or_default().trim();
    Error(format!("line {}: {source_line}: {message}", line + 1))
}

/// serde lists the known keys in backticks, after the unknown one.
fn reworded(message: &str) -> String {
    let Some(rest) = message.strip_prefix("unknown field ") else {
        return message.to_owned();
    };
    let mut names = rest.split('`').skip(1).step_by(2);
    let unknown = names.next().unwrap_or_default();
    let known: Vec<&str> = names.collect();
    let suggestion = suggestion(unknown, known.iter().copied());
    format!(
        "unknown key {unknown}; the keys here are {}{suggestion}",
        known.join(", ")
    )
}

#[cfg(test)]
mod tests;
