//! Which size holds at an instant, and why: a pure function of target, holds and instant.

use std::fmt;

use jiff::{SignedDuration, Timestamp};

use super::calendar::Holidays;
use super::hold::Hold;
use super::size::Size;
use super::target::Target;
use super::window::{Dated, Occurrence, Stretch, Weekly};
use super::zone::Zone;

/// The size that holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision<'a> {
    /// The size, within the target's bounds.
    pub size: Size,
    /// What decides it.
    pub rule: Rule<'a>,
}

/// What decides a size. Displayed as people speak of it: `weekly window "work day"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule<'a> {
    /// Somebody's hold.
    Hold(&'a Hold),
    /// A window of certain dates.
    Dated(&'a Dated),
    /// A holiday, by its name.
    Holiday(&'a str),
    /// A window of every week.
    Weekly(&'a Weekly),
    /// Nothing else is in force.
    Default,
}

/// One rule's part in a decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step<'a> {
    /// The rule.
    pub rule: Rule<'a>,
    /// The size that it asks for.
    pub size: Size,
    /// What came of it.
    pub standing: Standing,
}

/// Where a rule stands at an instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It decides. The default size is in force always, so it has no occurrence.
    Decides(Option<Occurrence>),
    /// It is in force, and one before it decides.
    Overruled(Option<Occurrence>),
    /// It is not in force; when it will be next, if within [400 days](HORIZON).
    Idle(Option<Occurrence>),
}

/// How far ahead is a rule's next time looked for? Past the next time of whatever comes every year.
pub const HORIZON: SignedDuration = SignedDuration::from_hours(400 * 24);

/// The size of `target` at `at`. Of holds the newest counts; of windows of one kind that are in
/// force together, the one that stands first in the file.
pub fn decide<'a>(target: &'a Target, holds: &'a [Hold], at: Timestamp) -> Decision<'a> {
    let now = Stretch::new(&target.zone, at, at);
    let mut layers = layers(target, holds).into_iter();
    let deciding = layers.find_map(|layer| {
        let occurrence = layer.during(&target.zone, now)?;
        Some((layer.size(), layer.rule(&target.zone, occurrence.begins.at)))
    });
    let (size, rule) = deciding.unwrap_or((target.size, Rule::Default));
    Decision {
        size: size.within(target.bounds),
        rule,
    }
}

/// Every rule of `target` in the order in which they decide, and where each stands.
pub fn explain<'a>(target: &'a Target, holds: &'a [Hold], at: Timestamp) -> Vec<Step<'a>> {
    let zone = &target.zone;
    let mut is_decided = false;
    let mut stand = |now: Option<Occurrence>| {
        if std::mem::replace(&mut is_decided, true) {
            Standing::Overruled(now)
        } else {
            Standing::Decides(now)
        }
    };
    let (present, future) = (
        Stretch::new(zone, at, at),
        Stretch::new(zone, at, at + HORIZON),
    );
    let mut steps: Vec<Step> = Vec::new();
    for layer in layers(target, holds) {
        let now = layer.during(zone, present);
        let next = now.or_else(|| layer.next(zone, at, future));
        steps.push(Step {
            rule: layer.rule(zone, next.map_or(at, |it| it.begins.at)),
            size: layer.size(),
            standing: match now {
                Some(_) => stand(now),
                None => Standing::Idle(next),
            },
        });
    }
    steps.push(Step {
        rule: Rule::Default,
        size: target.size,
        standing: stand(None),
    });
    steps
}

/// What may decide, in the order in which it does: hold, dated, holiday, weekly.
pub(super) fn layers<'a>(target: &'a Target, holds: &'a [Hold]) -> Vec<Layer<'a>> {
    let mut held: Vec<&Hold> = holds.iter().filter(|it| it.target == target.name).collect();
    held.sort_by_key(|hold| std::cmp::Reverse(hold.since));
    let held = held.into_iter().map(Layer::Hold);
    let dated = target.dated.iter().map(Layer::Dated);
    let holidays = target.holidays.iter().map(Layer::Holidays);
    let weekly = target.weekly.iter().map(Layer::Weekly);
    held.chain(dated).chain(holidays).chain(weekly).collect()
}

/// One thing that may decide.
#[derive(Clone, Copy)]
pub(super) enum Layer<'a> {
    Hold(&'a Hold),
    Dated(&'a Dated),
    Holidays(&'a Holidays),
    Weekly(&'a Weekly),
}

impl<'a> Layer<'a> {
    pub(super) fn size(self) -> Size {
        match self {
            Layer::Hold(hold) => hold.size,
            Layer::Dated(window) => window.size,
            Layer::Holidays(holidays) => holidays.size,
            Layer::Weekly(window) => window.size,
        }
    }

    /// The rule, as of an occurrence's begin: of holidays it is one day's.
    pub(super) fn rule(self, zone: &Zone, begin: Timestamp) -> Rule<'a> {
        match self {
            Layer::Hold(hold) => Rule::Hold(hold),
            Layer::Dated(window) => Rule::Dated(window),
            Layer::Holidays(holidays) => {
                let name = holidays.holiday(zone.wall(begin).date());
                Rule::Holiday(name.unwrap_or("holidays"))
            }
            Layer::Weekly(window) => Rule::Weekly(window),
        }
    }

    /// Calls `visit` for each occurrence that is in force at some time of `stretch`.
    pub(super) fn visit(self, zone: &Zone, stretch: Stretch, visit: impl FnMut(Occurrence)) {
        match self {
            Layer::Hold(hold) => Some(hold.occurrence(zone))
                .into_iter()
                .filter(|it| stretch.meets(it))
                .for_each(visit),
            Layer::Dated(window) => window.occurrences(zone, stretch).for_each(visit),
            Layer::Holidays(holidays) => holidays.occurrences(zone, stretch).for_each(visit),
            Layer::Weekly(window) => window.occurrences(zone, stretch).for_each(visit),
        }
    }

    /// The occurrence that is in force during a stretch of one instant; of several the one that ends
    /// last.
    fn during(self, zone: &Zone, instant: Stretch) -> Option<Occurrence> {
        let mut found: Option<Occurrence> = None;
        self.visit(zone, instant, |it| {
            if found.is_none_or(|found| found.ends.at < it.ends.at) {
                found = Some(it);
            }
        });
        found
    }

    fn next(self, zone: &Zone, at: Timestamp, future: Stretch) -> Option<Occurrence> {
        let mut next: Option<Occurrence> = None;
        self.visit(zone, future, |it| {
            if it.begins.at > at && next.is_none_or(|next| it.begins.at < next.begins.at) {
                next = Some(it);
            }
        });
        next
    }
}

impl fmt::Display for Rule<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Rule::Hold(hold) => write!(formatter, "hold by {}: {}", hold.by, hold.reason),
            Rule::Dated(window) => write!(formatter, "dated window {:?}", window.name),
            Rule::Holiday(name) => write!(formatter, "holiday {name:?}"),
            Rule::Weekly(window) => write!(formatter, "weekly window {:?}", window.name),
            Rule::Default => formatter.write_str("default size"),
        }
    }
}
