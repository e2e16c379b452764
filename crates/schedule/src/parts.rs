//! The parts of `scale.toml`, and their lines.
//!
//! The values of a schedule have no lines. A [finding](super::Finding) names its part, and the lines are
//! looked up when it is reported.

use std::collections::BTreeMap;

use super::name::TargetName;

/// A part of the file that a finding is about. Windows are numbered in the order of the file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    File,
    Calendar(String),
    Target(TargetName),
    Holidays(TargetName),
    Weekly(TargetName, usize),
    Dated(TargetName, usize),
}

/// The line that each part begins on, from 1.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lines(BTreeMap<Part, usize>);

impl Lines {
    /// The line of `part`. The file as a whole begins on line 1.
    pub fn of(&self, part: &Part) -> usize {
        self.0.get(part).copied().unwrap_or(1)
    }
}

impl FromIterator<(Part, usize)> for Lines {
    fn from_iter<T: IntoIterator<Item = (Part, usize)>>(lines: T) -> Lines {
        Lines(lines.into_iter().collect())
    }
}
