//! `scale.toml` into checked values.
//!
//! A value is checked where it is read, so an error has its line. [`lint`](super::lint()) checks how values
//! fit together.

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::Spanned;

use super::calendar::{Calendar, Holidays};
use super::dates::FileDate;
use super::error::Error;
use super::name::TargetName;
use super::nearest::suggestion;
use super::parts::{Lines, Part};
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
    lines: Lines,
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
        let lines = file.lines(text);
        let targets = file
            .target
            .into_iter()
            .map(|(name, table)| table.target(name.into_inner(), file.mode, file.changes_per_hour));
        let calendars = file.calendar.into_iter();
        let calendars = calendars.map(|(name, table)| table.source(name.into_inner()));
        Ok(Configuration {
            targets: targets.collect(),
            calendars: calendars.collect(),
            lines,
        })
    }

    pub fn calendars(&self) -> &[CalendarSource] {
        &self.calendars
    }

    /// The lines of the parts that findings name.
    pub fn lines(&self) -> &Lines {
        &self.lines
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

impl File {
    fn lines(&self, text: &str) -> Lines {
        let ends: Vec<usize> = text.match_indices('\n').map(|(at, _)| at).collect();
        let line = |at: usize| 1 + ends.partition_point(|end| *end < at);
        let calendars = self.calendar.keys().map(|name| {
            let part = Part::Calendar(name.get_ref().clone());
            (part, line(name.span().start))
        });
        let targets = self.target.iter().flat_map(|(key, table)| {
            let name = || key.get_ref().clone();
            let own = (Part::Target(name()), line(key.span().start));
            let holidays = table.holidays.iter();
            let holidays = holidays.map(|it| (Part::Holidays(name()), line(it.span().start)));
            let weekly = table.weekly.iter().enumerate();
            let weekly =
                weekly.map(|(place, it)| (Part::Weekly(name(), place), line(it.span().start)));
            let dated = table.dated.iter().enumerate();
            let dated =
                dated.map(|(place, it)| (Part::Dated(name(), place), line(it.span().start)));
            let parts = std::iter::once(own).chain(holidays);
            parts.chain(weekly).chain(dated).collect::<Vec<_>>()
        });
        calendars.chain(targets).collect()
    }
}

impl CalendarTable {
    fn source(self, name: String) -> CalendarSource {
        let mut days = Calendar::default();
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
    /// `mode` and `changes_per_hour` apply where the target has none of its own.
    fn target(self, name: TargetName, mode: Mode, changes_per_hour: u32) -> Target {
        fn windows<T>(spanned: Vec<Spanned<Window<T>>>) -> Vec<T> {
            let windows = spanned.into_iter().map(Spanned::into_inner);
            windows.map(|Window(window)| window).collect()
        }
        Target {
            name,
            resource: self.resource,
            mode: self.mode.unwrap_or(mode),
            changes_per_hour: self.changes_per_hour.unwrap_or(changes_per_hour),
            zone: self.zone.0,
            size: self.size,
            bounds: self.bounds,
            weekly: windows(self.weekly),
            dated: windows(self.dated),
            holidays: self.holidays.map(Spanned::into_inner),
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
