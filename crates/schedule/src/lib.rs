//! Sizes by schedule: the size that a target should have at an instant, and the reason. Pure: the file's
//! text, the holds and the instant are arguments.
//!
//! `docs/schedules.md` describes the model, the precedence of its parts, and clock changes. An edge in a gap
//! or a fold follows RFC 5545 (`Compatible` in jiff), so [`Occurrence::length`] is the real duration. Sizes
//! outside the target's bounds move to the nearest bound.
//!
//! | module | purpose |
//! |---|---|
//! | `configuration` | parses `scale.toml` |
//! | `icalendar` | parses iCalendar files |
//! | [`lint`](lint()) | finds mistakes in a schedule that can be read |
//! | `finding` | findings, and how they are reported |
//! | [`spans`](spans()) | a target's sizes over a period |
//! | [`decide`](decide()) | the size at an instant, and the reason |
//! | `target`, `hold` | targets and holds |
//! | `minutes` | sets of minutes of the week |
//! | `window`, `calendar` | windows and holidays: the times at which they are in force |
//! | `dates`, `week`, `zone`, `size`, `text`, `nearest` | the values of the file |
//! | `name` | the rules for names and visible texts |
//! | `error` | mistakes, as texts |

mod calendar;
mod configuration;
mod dates;
mod decide;
mod error;
mod finding;
mod hold;
mod icalendar;
mod lint;
mod minutes;
mod name;
mod nearest;
mod size;
mod spans;
mod target;
mod text;
mod week;
mod window;
mod zone;

use std::collections::BTreeMap;

pub use calendar::{Calendar, Holidays};
pub use configuration::{CalendarSource, Configuration};
pub use decide::{Decision, HORIZON, Rule, Standing, Step, decide, explain};
pub use error::Error;
pub use finding::{Finding, Severity};
pub use hold::Hold;
pub use icalendar::parse as parse_calendar;
pub use lint::{TICK, lint};
pub use name::{TargetName, check_text, is_name};
pub use size::{Bounds, Size};
pub use spans::{Change, Span, Usage, changes, spans, usage};
pub use target::{FileSize, Mode, Target};
pub use window::{Dated, Occurrence, Weekly};
pub use zone::{Edge, Wall, YEARS, Zone, parse_instant};

/// Targets and calendars.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedule {
    targets: Vec<Target>,
    calendars: BTreeMap<String, Calendar>,
}

impl Schedule {
    /// `files` are the calendars of the files that the configuration names.
    pub fn new(configuration: Configuration, files: &BTreeMap<String, Calendar>) -> Schedule {
        let calendars = configuration.calendars.into_iter().map(|source| {
            let mut days = source.days;
            let found = source.files.iter().filter_map(|file| files.get(file));
            found.for_each(|calendar| days.extend(calendar));
            (source.name, days)
        });
        let calendars: BTreeMap<String, Calendar> = calendars.collect();
        let mut targets = configuration.targets;
        for holidays in targets.iter_mut().filter_map(|it| it.holidays.as_mut()) {
            for (name, days) in &calendars {
                if holidays.calendars.contains(name) {
                    holidays.days.extend(days);
                }
            }
        }
        Schedule { targets, calendars }
    }

    /// In the order of their names.
    pub fn targets(&self) -> &[Target] {
        &self.targets
    }

    pub fn target(&self, name: &TargetName) -> Option<&Target> {
        self.targets.iter().find(|target| target.name == *name)
    }

    pub fn calendars(&self) -> &BTreeMap<String, Calendar> {
        &self.calendars
    }
}
