//! What is sized, and by which windows.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::calendar::Holidays;
use super::size::{Bounds, Size};
use super::window::{Dated, Weekly};
use super::zone::Zone;
use crate::name::is_name;

/// As [`is_name`] has it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct TargetName(String);

/// A name that no target can have.
#[derive(Debug, PartialEq, Eq, Error)]
#[error(
    "{0:?} cannot be a target's name; use 1 to 40 lower-case letters, digits and dashes, a letter \
     first"
)]
pub struct TargetNameError(String);

/// One resource of Azure, and its schedule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// Its name.
    pub name: TargetName,
    /// The line of `scale.toml` that it begins on.
    pub line: usize,
    /// The resource's id, where the file has it.
    pub resource: Option<String>,
    /// Whether it is sized, or only watched.
    pub mode: Mode,
    /// How many changes it may see within an hour.
    pub changes_per_hour: u32,
    /// Where its times are times.
    pub zone: Zone,
    /// Its size while nothing else is in force.
    pub size: Size,
    /// What its size never leaves.
    pub bounds: Bounds,
    /// The windows of certain dates, in the order of the file.
    pub dated: Vec<Dated>,
    /// Its holidays.
    pub holidays: Option<Holidays>,
    /// The windows of every week, in the order of the file.
    pub weekly: Vec<Weekly>,
}

/// What is done about a difference.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// Azure is told.
    #[default]
    Enforce,
    /// It is written down what Azure would be told.
    Shadow,
}

impl TargetName {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Target {
    /// Every size that the file gives it: the line, what errors call the place, and the size.
    pub fn sizes(&self) -> impl Iterator<Item = (usize, String, Size)> {
        let own = [(self.line, self.name.to_string(), self.size)];
        let weekly = self.weekly.iter();
        let weekly = weekly.map(|it| (it.line, self.title_of(&it.name), it.size));
        let dated = self.dated.iter();
        let dated = dated.map(|it| (it.line, self.title_of(&it.name), it.size));
        let holidays = self.holidays.iter();
        let holidays = holidays.map(|it| (it.line, format!("{}, holidays", self.name), it.size));
        own.into_iter().chain(weekly).chain(dated).chain(holidays)
    }

    /// What errors call one of its windows.
    pub(super) fn title_of(&self, window: &str) -> String {
        format!("{}, window {window:?}", self.name)
    }
}

impl FromStr for TargetName {
    type Err = TargetNameError;

    fn from_str(text: &str) -> Result<TargetName, TargetNameError> {
        is_name(text)
            .then(|| TargetName(text.to_owned()))
            .ok_or_else(|| TargetNameError(text.to_owned()))
    }
}

impl fmt::Display for TargetName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
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
