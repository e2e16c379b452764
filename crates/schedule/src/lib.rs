//! Sizes by schedule: which size a target should have at an instant, and why. Pure: the file's text,
//! the holds and the instant are arguments.
//!
//! # The model
//!
//! A [`Schedule`] has targets, each with a time zone, a size of its own, bounds, and windows. A window
//! is one object with a begin and an end, so none is ever begun and not ended; it may cross midnight, a
//! weekend, the end of a year. What holds at an instant depends on that instant alone, never on what
//! held before: whoever looks late, twice, or not at all for a day finds the same.
//!
//! # What decides
//!
//! In this order, and the first that is in force:
//!
//! 1. a hold; of several the one made last,
//! 2. a window of certain dates; of several the one that stands first in the file,
//! 3. a holiday,
//! 4. a window of every week; of several the one that stands first in the file,
//! 5. the target's own size.
//!
//! What comes out is pulled into the target's bounds.
//!
//! # Clock changes
//!
//! Edges are times on the zone's clocks. One that clocks are set forward over counts as so much later
//! as they are set forward; one that they show twice counts the first time (RFC 5545, and jiff's
//! `Compatible`). So a window lasts an hour less or more on such a day, and [`Occurrence::length`] says
//! how long it really is. An occurrence that is left nothing of, because clocks jump over both its
//! edges in the wrong order, is none.
//!
//! | module | purpose |
//! |---|---|
//! | `configuration` | the text of `scale.toml` into checked values |
//! | `icalendar` | the text of iCalendar files into holidays |
//! | [`lint`](lint()) | what is wrong with a schedule that can be read |
//! | [`spans`](spans()) | a target's sizes over a time |
//! | [`decide`](decide()) | the size at an instant, and why |
//! | `target`, `hold` | what is sized |
//! | `minutes` | the minutes of a week, as a set |
//! | `window`, `calendar` | when something is in force |
//! | `week`, `dates`, `zone`, `size`, `nearest` | the values of the file |
//! | `name` | names of targets and other things, and which texts are visible |

mod calendar;
mod configuration;
mod dates;
mod decide;
mod hold;
mod icalendar;
mod lint;
mod minutes;
mod name;
mod nearest;
mod size;
mod spans;
mod target;
mod week;
mod window;
mod zone;

use std::collections::BTreeMap;

pub use calendar::{Calendar, Holidays};
pub use configuration::{CalendarSource, Configuration, ConfigurationError};
pub use decide::{Decision, HORIZON, Rule, Standing, Step, decide, explain};
pub use hold::Hold;
pub use icalendar::{CalendarError, parse as parse_calendar};
pub use lint::{Finding, Severity, TICK, lint};
pub use name::{TextError, check_text, is_name};
pub use size::{Bounds, Size};
pub use spans::{Change, Span, Usage, changes, spans, usage};
pub use target::{Mode, Target, TargetName, TargetNameError};
pub use window::{Dated, Occurrence, Weekly};
pub use zone::{Edge, UnknownZone, Wall, YEARS, Zone, parse_instant};

/// All targets, with their holidays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedule {
    targets: Vec<Target>,
    calendars: Vec<NamedCalendar>,
}

/// A calendar, whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedCalendar {
    /// Its name.
    pub name: String,
    /// The line of `scale.toml` that it begins on.
    pub line: usize,
    /// Its days.
    pub days: Calendar,
}

impl Schedule {
    /// What `configuration` says, with the calendars of the files that it names.
    pub fn new(configuration: Configuration, files: &BTreeMap<String, Calendar>) -> Schedule {
        let calendars = configuration.calendars.into_iter().map(|source| {
            let mut days = source.days;
            let found = source.files.iter().filter_map(|file| files.get(file));
            found.for_each(|calendar| days.extend(calendar));
            NamedCalendar {
                name: source.name,
                line: source.line,
                days,
            }
        });
        let calendars: Vec<NamedCalendar> = calendars.collect();
        let mut targets = configuration.targets;
        for holidays in targets.iter_mut().filter_map(|it| it.holidays.as_mut()) {
            let named = |it: &&NamedCalendar| holidays.calendars.contains(&it.name);
            for calendar in calendars.iter().filter(named) {
                holidays.days.extend(&calendar.days);
            }
        }
        Schedule { targets, calendars }
    }

    /// The targets, by name.
    pub fn targets(&self) -> &[Target] {
        &self.targets
    }

    /// The target of this name.
    pub fn target(&self, name: &TargetName) -> Option<&Target> {
        self.targets.iter().find(|target| target.name == *name)
    }

    /// The calendars.
    pub fn calendars(&self) -> &[NamedCalendar] {
        &self.calendars
    }
}
