//! A requested hold, checked against the schedule.

use std::str::FromStr;

use jiff::civil::{DateTime, Time};
use jiff::{SignedDuration, Timestamp};
use thiserror::Error;

use schedule::check_text;
use schedule::{Hold, Size, Target, TargetName, Zone};

/// A requested hold.
#[derive(Clone, Debug)]
pub(super) struct HoldRequest {
    pub(super) size: Size,
    pub(super) until: Timestamp,
    pub(super) reason: String,
    pub(super) by: String,
}

/// A member of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Size,
    Until,
    Reason,
    By,
}

/// A member that is rejected, and what to write instead.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{}: {text}", part.name())]
pub(crate) struct Refusal {
    pub(super) part: Part,
    pub(super) text: String,
}

/// The longest hold. A size that lasts longer belongs in the schedule.
const LONGEST: SignedDuration = SignedDuration::from_hours(7 * 24);

impl Part {
    pub(super) fn name(self) -> &'static str {
        match self {
            Part::Size => "size",
            Part::Until => "until",
            Part::Reason => "reason",
            Part::By => "by",
        }
    }
}

impl HoldRequest {
    /// The hold on `target` from `now` on, or everything that is wrong with it.
    pub(super) fn check(self, target: &Target, now: Timestamp) -> Result<Hold, Vec<Refusal>> {
        let mut refusals: Vec<Refusal> = Vec::new();
        let mut refuse = |part, text: Option<String>| {
            refusals.extend(text.map(|text| Refusal { part, text }));
        };
        refuse(Part::Size, size(self.size, target));
        refuse(Part::Until, until(self.until, now));
        refuse(Part::Reason, text(&self.reason, 500));
        refuse(Part::By, text(&self.by, 100));
        if !refusals.is_empty() {
            return Err(refusals);
        }
        Ok(Hold {
            target: target.name.clone(),
            size: self.size,
            since: now,
            until: self.until,
            reason: self.reason,
            by: self.by,
        })
    }
}

fn size(size: Size, target: &Target) -> Option<String> {
    if !size.is_like(target.size) {
        let form = match target.size {
            Size::One(_) => "one number",
            Size::Between { .. } => "a least and a most",
        };
        return Some(format!(
            "{} has sizes of another kind; give {form}",
            target.name
        ));
    }
    (!target.bounds.hold(size)).then(|| {
        format!(
            "{size} lies outside of the bounds of {}; give {}",
            target.name, target.bounds
        )
    })
}

fn until(until: Timestamp, now: Timestamp) -> Option<String> {
    let lasts = until.duration_since(now);
    if lasts <= SignedDuration::ZERO {
        return Some(format!("{until} is over already; give a time to come"));
    }
    (lasts > LONGEST).then(|| {
        format!("{until} is more than 7 days away; change the schedule for what lasts longer")
    })
}

fn text(text: &str, longest: usize) -> Option<String> {
    let length = text.chars().count();
    if !(1..=longest).contains(&length) {
        return Some(format!("it has {length} characters; give 1 to {longest}"));
    }
    check_text(text).err().map(|error| error.to_string())
}

/// The end of a hold, as a person at a shell writes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// When the target's clocks next show this.
    Time(Time),
    /// At this time on the target's clocks.
    Local(DateTime),
    /// At this instant.
    Instant(Timestamp),
    /// So long from now.
    After(SignedDuration),
}

/// An end that cannot be read.
#[derive(Debug, PartialEq, Eq, Error)]
#[error(
    "{0:?} is no time; write 18:00 or \"2026-11-25 18:00\" on the target's clocks, \
     2026-11-25T17:00:00Z, or a length such as 2h"
)]
pub(crate) struct EndError(String);

impl End {
    /// The instant.
    pub(super) fn at(self, zone: &Zone, now: Timestamp) -> Timestamp {
        match self {
            End::Instant(at) => at,
            End::After(length) => now + length,
            End::Local(local) => zone.edge(local).at,
            End::Time(time) => {
                let today = zone.wall(now).date();
                let tomorrow = today.tomorrow().unwrap_or(today);
                let on = |date: jiff::civil::Date| zone.edge(date.to_datetime(time)).at;
                let ends = [on(today), on(tomorrow)];
                ends.into_iter().find(|end| *end > now).unwrap_or(ends[1])
            }
        }
    }
}

impl FromStr for End {
    type Err = EndError;

    fn from_str(text: &str) -> Result<End, EndError> {
        let is_time = text.len() == 5 && text.as_bytes()[2] == b':';
        let time = text.parse().ok().filter(|_| is_time).map(End::Time);
        let near = |it: &SignedDuration| it.abs() <= LONGEST * 100;
        time.or_else(|| text.parse().ok().map(End::Instant))
            .or_else(|| text.parse().ok().filter(is_near).map(End::Local))
            .or_else(|| text.parse().ok().filter(near).map(End::After))
            .ok_or_else(|| EndError(text.to_owned()))
    }
}

fn is_near(local: &DateTime) -> bool {
    schedule::YEARS.contains(&local.year())
}

/// A size as a person at a shell writes it: `6`, or `2-6`.
pub(super) fn size_of(text: &str) -> Result<Size, String> {
    let number = |text: &str| text.trim().parse::<u32>().ok();
    let size = match text.split_once('-') {
        None => number(text).map(Size::One),
        Some((min, max)) => match (number(min), number(max)) {
            (Some(min), Some(max)) if min <= max => Some(Size::Between { min, max }),
            _ => None,
        },
    };
    size.ok_or_else(|| format!("{text:?} is no size; write 6, or 2-6 for a least and a most"))
}

/// The target that is meant.
pub(super) fn target<'a>(
    targets: &'a [Target],
    name: &TargetName,
) -> Result<&'a Target, NoSuchTarget> {
    let found = targets.iter().find(|target| target.name == *name);
    found.ok_or_else(|| NoSuchTarget {
        name: name.clone(),
        known: targets.iter().map(|it| it.name.to_string()).collect(),
    })
}

/// A target that the schedule does not have.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("there is no target {name} in the schedule, only {}", known.join(", "))]
pub(crate) struct NoSuchTarget {
    name: TargetName,
    known: Vec<String>,
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use schedule::{Configuration, Schedule};

    fn a_target() -> Target {
        let text =
            "[target.web]\nzone = \"Europe/Berlin\"\nsize = 1\nbounds = { min = 1, max = 4 }\n";
        let configuration = Configuration::parse(text).expect("it can be read");
        Schedule::new(configuration, &BTreeMap::new()).targets()[0].clone()
    }

    fn at(text: &str) -> Timestamp {
        text.parse().expect("an instant")
    }

    const NOW: &str = "2026-11-24T12:00:00Z";

    fn request() -> HoldRequest {
        HoldRequest {
            size: Size::One(4),
            until: at("2026-11-24T18:00:00Z"),
            reason: "release".into(),
            by: "ann".into(),
        }
    }

    #[test]
    fn a_good_wish_is_a_hold_from_now_on() {
        let hold = request().check(&a_target(), at(NOW)).expect("it is good");
        assert_eq!(
            (hold.since, hold.until),
            (at(NOW), at("2026-11-24T18:00:00Z"))
        );
    }

    #[test]
    fn everything_that_is_wrong_is_said_at_once() {
        let wrong = HoldRequest {
            size: Size::One(9),
            until: at(NOW),
            reason: " ".into(),
            by: "a\nb".into(),
        };
        let refusals = wrong.check(&a_target(), at(NOW)).expect_err("all of it");
        let parts: Vec<Part> = refusals.iter().map(|it| it.part).collect();
        assert_eq!(parts, [Part::Size, Part::Until, Part::Reason, Part::By]);
        assert!(
            refusals[0].to_string().contains("give 1 to 4"),
            "{refusals:?}"
        );
        let long = HoldRequest {
            until: at("2026-12-01T12:00:01Z"),
            size: Size::Between { min: 1, max: 2 },
            ..request()
        };
        let refusals = long.check(&a_target(), at(NOW)).expect_err("two parts");
        assert!(refusals[0].text.contains("one number"), "{refusals:?}");
        assert!(refusals[1].text.contains("7 days"), "{refusals:?}");
    }

    #[test]
    fn an_end_is_a_time_a_date_an_instant_or_a_length() {
        let end = |text: &str| {
            let end: Result<End, EndError> = text.parse();
            end.map(|end| end.at(&a_target().zone, at(NOW)).to_string())
        };
        for (text, instant) in [
            ("18:00", "2026-11-24T17:00:00Z"),
            ("12:59", "2026-11-25T11:59:00Z"),
            ("2026-11-25 18:00", "2026-11-25T17:00:00Z"),
            ("2026-11-25T18:00:00", "2026-11-25T17:00:00Z"),
            ("2026-11-25T17:00:00Z", "2026-11-25T17:00:00Z"),
            ("2026-11-25T18:00:00+01:00", "2026-11-25T17:00:00Z"),
            ("2h", "2026-11-24T14:00:00Z"),
            ("1h 30m", "2026-11-24T13:30:00Z"),
        ] {
            assert_eq!(end(text).as_deref(), Ok(instant), "{text}");
        }
        for text in ["", "soon", "25:00", "6", "tomorrow"] {
            assert!(end(text).is_err(), "{text}");
        }
    }

    #[test]
    fn sizes_are_numbers_or_two_of_them() {
        assert_eq!(size_of("6"), Ok(Size::One(6)));
        assert_eq!(size_of("2-6"), Ok(Size::Between { min: 2, max: 6 }));
        for text in ["", "-1", "6-2", "2-", "many"] {
            assert!(size_of(text).is_err(), "{text}");
        }
    }
}
