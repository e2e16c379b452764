//! Targets.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::calendar::Holidays;
use super::name::TargetName;
use super::size::{Bounds, Size};
use super::window::{Dated, Weekly};
use super::zone::Zone;

/// One resource of Azure, and its schedule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// In `scale.toml`.
    pub line: usize,
    pub name: TargetName,
    /// The resource's id, if the file has it.
    pub resource: Option<String>,
    pub mode: Mode,
    /// The most changes within an hour.
    pub changes_per_hour: u32,
    /// The zone of all its times.
    pub zone: Zone,
    /// The size while no window, holiday or hold is in force.
    pub size: Size,
    pub bounds: Bounds,
    /// In the order of the file.
    pub dated: Vec<Dated>,
    pub holidays: Option<Holidays>,
    /// In the order of the file.
    pub weekly: Vec<Weekly>,
}

/// The action on a difference between the desired and the actual size.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// Azure changes the size.
    #[default]
    Enforce,
    /// The change is only recorded.
    Shadow,
}

/// A size that the file gives a target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileSize {
    pub line: usize,
    /// The part's name in messages: `web, window "work day"`.
    pub title: String,
    pub size: Size,
}

impl Target {
    /// Every size that the file gives this target.
    pub fn sizes(&self) -> impl Iterator<Item = FileSize> {
        let own = FileSize {
            line: self.line,
            title: self.name.to_string(),
            size: self.size,
        };
        let weekly = self.weekly.iter().map(|it| FileSize {
            line: it.line,
            title: self.title_of(&it.name),
            size: it.size,
        });
        let dated = self.dated.iter().map(|it| FileSize {
            line: it.line,
            title: self.title_of(&it.name),
            size: it.size,
        });
        let holidays = self.holidays.iter().map(|it| FileSize {
            line: it.line,
            title: format!("{}, holidays", self.name),
            size: it.size,
        });
        std::iter::once(own)
            .chain(weekly)
            .chain(dated)
            .chain(holidays)
    }

    /// The name of one of its windows in messages.
    pub(super) fn title_of(&self, window: &str) -> String {
        format!("{}, window {window:?}", self.name)
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Mode::Enforce => "enforce",
            Mode::Shadow => "shadow",
        })
    }
}
