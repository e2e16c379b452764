//! The size at an instant, and the reason: a pure function of target, holds and instant.

use std::fmt;

use jiff::{SignedDuration, Timestamp};
use serde::ser::{Serialize, SerializeStruct, Serializer};

use super::calendar::Holidays;
use super::hold::Hold;
use super::size::Size;
use super::target::Target;
use super::window::{Dated, Occurrence, Period, Weekly};
use super::zone::Zone;

/// The desired size.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision<'a> {
    /// Within the target's bounds.
    pub size: Size,
    pub rule: Rule<'a>,
}

/// A rule for the size. Messages print it as `weekly window "work day"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule<'a> {
    Hold(&'a Hold),
    Dated(&'a Dated),
    /// By the holiday's name.
    Holiday(&'a str),
    Weekly(&'a Weekly),
    /// The target's default size.
    Default,
}

/// One rule's part in a decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step<'a> {
    pub rule: Rule<'a>,
    /// The rule's size, which may be outside the bounds.
    pub size: Size,
    pub standing: Standing,
}

/// A rule's state at an instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// The default size is always in force, so it has no occurrence.
    Decides(Option<Occurrence>),
    /// In force, but an earlier rule decides.
    Overruled(Option<Occurrence>),
    /// Not in force. The next occurrence, if there is one within the [horizon](HORIZON).
    Idle(Option<Occurrence>),
}

/// The limit of the search for a rule's next occurrence: over a year, so that it finds yearly ones.
pub const HORIZON: SignedDuration = SignedDuration::from_hours(400 * 24);

/// The size of `target` at `at`. The newest hold decides before older ones, and the first window in the file
/// before later ones of its kind.
pub fn decide<'a>(target: &'a Target, holds: &'a [Hold], at: Timestamp) -> Decision<'a> {
    let now = Period::new(&target.zone, at, at);
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

/// Every rule of `target` by precedence, with its state.
pub fn explain<'a>(target: &'a Target, holds: &'a [Hold], at: Timestamp) -> Vec<Step<'a>> {
    let zone = &target.zone;
    let mut is_decided = false;
    let mut in_force = |now: Option<Occurrence>| {
        if std::mem::replace(&mut is_decided, true) {
            Standing::Overruled(now)
        } else {
            Standing::Decides(now)
        }
    };
    let present = Period::new(zone, at, at);
    let future = Period::new(zone, at, at + HORIZON);
    let mut steps: Vec<Step> = Vec::new();
    for layer in layers(target, holds) {
        let now = layer.during(zone, present);
        let next = now.or_else(|| layer.next(zone, at, future));
        steps.push(Step {
            rule: layer.rule(zone, next.map_or(at, |it| it.begins.at)),
            size: layer.size(),
            standing: match now {
                Some(_) => in_force(now),
                None => Standing::Idle(next),
            },
        });
    }
    steps.push(Step {
        rule: Rule::Default,
        size: target.size,
        standing: in_force(None),
    });
    steps
}

/// All rules but the default, by precedence: hold, dated, holiday, weekly.
pub(super) fn layers<'a>(target: &'a Target, holds: &'a [Hold]) -> Vec<Layer<'a>> {
    let mut holds: Vec<&Hold> = holds.iter().filter(|it| it.target == target.name).collect();
    holds.sort_by_key(|hold| std::cmp::Reverse(hold.since));
    let holds = holds.into_iter().map(Layer::Hold);
    let dated = target.dated.iter().map(Layer::Dated);
    let holidays = target.holidays.iter().map(Layer::Holidays);
    let weekly = target.weekly.iter().map(Layer::Weekly);
    holds.chain(dated).chain(holidays).chain(weekly).collect()
}

/// A rule with its occurrences. All holidays of a target are one layer.
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

    /// The rule of the occurrence that begins at `begin`: each holiday is its own.
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

    /// Calls `visit` for each occurrence that is in force at some time of `period`.
    pub(super) fn visit(self, zone: &Zone, period: Period, visit: impl FnMut(Occurrence)) {
        match self {
            Layer::Hold(hold) => Some(hold.occurrence(zone))
                .into_iter()
                .filter(|it| period.meets(it))
                .for_each(visit),
            Layer::Dated(window) => window.occurrences(zone, period).for_each(visit),
            Layer::Holidays(holidays) => holidays.occurrences(zone, period).for_each(visit),
            Layer::Weekly(window) => window.occurrences(zone, period).for_each(visit),
        }
    }

    /// The occurrence that is in force at an instant; of several the one that ends last.
    fn during(self, zone: &Zone, instant: Period) -> Option<Occurrence> {
        let mut found: Option<Occurrence> = None;
        self.visit(zone, instant, |it| {
            if found.is_none_or(|found| found.ends.at < it.ends.at) {
                found = Some(it);
            }
        });
        found
    }

    fn next(self, zone: &Zone, at: Timestamp, future: Period) -> Option<Occurrence> {
        let mut next: Option<Occurrence> = None;
        self.visit(zone, future, |it| {
            if it.begins.at > at && next.is_none_or(|next| it.begins.at < next.begins.at) {
                next = Some(it);
            }
        });
        next
    }
}

impl Rule<'_> {
    /// For programs.
    pub fn kind(&self) -> &'static str {
        match self {
            Rule::Hold(_) => "hold",
            Rule::Dated(_) => "dated",
            Rule::Holiday(_) => "holiday",
            Rule::Weekly(_) => "weekly",
            Rule::Default => "default",
        }
    }
}

/// `{"rule": "weekly window \"work day\"", "kind": "weekly"}`
impl Serialize for Rule<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut members = serializer.serialize_struct("Rule", 2)?;
        members.serialize_field("rule", &self.to_string())?;
        members.serialize_field("kind", self.kind())?;
        members.end()
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
