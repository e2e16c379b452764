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

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Member {
    Size,
    Until,
    Reason,
    By,
}

/// A rejected member, and the remedy.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{}: {text}", member.name())]
pub(crate) struct Rejection {
    pub(super) member: Member,
    pub(super) text: String,
}

/// The longest hold. A size that lasts longer belongs in the schedule.
const LONGEST: SignedDuration = SignedDuration::from_hours(7 * 24);

impl Member {
    pub(super) fn name(self) -> &'static str {
        match self {
            Member::Size => "size",
            Member::Until => "until",
            Member::Reason => "reason",
            Member::By => "by",
        }
    }
}

impl HoldRequest {
    /// The hold on `target` from `now` on, or all rejected members.
    pub(super) fn check(self, target: &Target, now: Timestamp) -> Result<Hold, Vec<Rejection>> {
        let mistakes = [
            (Member::Size, size(self.size, target)),
            (Member::Until, until(self.until, now)),
            (Member::Reason, text(&self.reason, 500)),
            (Member::By, text(&self.by, 100)),
        ];
        let rejections = mistakes.into_iter().filter_map(|(member, text)| {
            let text = text?;
            Some(Rejection { member, text })
        });
        let rejections: Vec<Rejection> = rejections.collect();
        if !rejections.is_empty() {
            return Err(rejections);
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
    if !size.has_form_of(target.size) {
        let form = match target.size {
            Size::One(_) => "one number",
            Size::Between { .. } => "a least and a most",
        };
        return Some(format!(
            "the sizes of {} have another form; give {form}",
            target.name
        ));
    }
    (!target.bounds.contain(size)).then(|| {
        format!(
            "{size} is outside the bounds of {}; give {}",
            target.name, target.bounds
        )
    })
}

fn until(until: Timestamp, now: Timestamp) -> Option<String> {
    let lasts = until.duration_since(now);
    if lasts <= SignedDuration::ZERO {
        return Some(format!("{until} is in the past; give a later time"));
    }
    (lasts > LONGEST).then(|| {
        format!("{until} is more than 7 days from now; change the schedule for a longer time")
    })
}

fn text(text: &str, longest: usize) -> Option<String> {
    let length = text.chars().count();
    if !(1..=longest).contains(&length) {
        return Some(format!("{length} characters; give 1 to {longest}"));
    }
    check_text(text).err().map(|error| error.to_string())
}

/// The end of a hold on the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// The next such time on the target's clocks.
    Time(Time),
    /// On the target's clocks.
    Local(DateTime),
    Instant(Timestamp),
    /// From now on.
    After(SignedDuration),
}

#[derive(Debug, PartialEq, Eq, Error)]
#[error(
    "{0:?} is not a time; write 18:00 or \"2026-11-25 18:00\" on the target's clocks, \
     2026-11-25T17:00:00Z, or a length such as 2h"
)]
pub(crate) struct EndError(String);

impl End {
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

/// Parses a size of the command line: `6`, or `2-6`.
pub(super) fn size_of(text: &str) -> Result<Size, String> {
    let number = |text: &str| text.trim().parse::<u32>().ok();
    let size = match text.split_once('-') {
        None => number(text).map(Size::One),
        Some((min, max)) => match (number(min), number(max)) {
            (Some(min), Some(max)) if min <= max => Some(Size::Between { min, max }),
            _ => None,
        },
    };
    size.ok_or_else(|| format!("{text:?} is not a size; write 6, or 2-6 for a least and a most"))
}

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

#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("the schedule has no target {name}, only {}", known.join(", "))]
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
    fn a_good_request_becomes_a_hold_from_now_on() {
        let hold = request().check(&a_target(), at(NOW)).expect("it is good");
        assert_eq!(
            (hold.since, hold.until),
            (at(NOW), at("2026-11-24T18:00:00Z"))
        );
    }

    #[test]
    fn all_rejections_are_returned_at_once() {
        let wrong = HoldRequest {
            size: Size::One(9),
            until: at(NOW),
            reason: " ".into(),
            by: "a\nb".into(),
        };
        let rejections = wrong.check(&a_target(), at(NOW)).expect_err("all of it");
        let members: Vec<&str> = rejections.iter().map(|it| it.member.name()).collect();
        assert_eq!(members, ["size", "until", "reason", "by"]);
        assert!(
            rejections[0].to_string().contains("give 1 to 4"),
            "{rejections:?}"
        );
        let long = HoldRequest {
            until: at("2026-12-01T12:00:01Z"),
            size: Size::Between { min: 1, max: 2 },
            ..request()
        };
        let rejections = long.check(&a_target(), at(NOW)).expect_err("two members");
        assert!(rejections[0].text.contains("one number"), "{rejections:?}");
        assert!(rejections[1].text.contains("7 days"), "{rejections:?}");
    }

    #[test]
    fn an_end_is_a_time_a_date_an_instant_or_a_duration() {
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
    fn sizes_are_one_number_or_two() {
        assert_eq!(size_of("6"), Ok(Size::One(6)));
        assert_eq!(size_of("2-6"), Ok(Size::Between { min: 2, max: 6 }));
        for text in ["", "-1", "6-2", "2-", "many"] {
            assert!(size_of(text).is_err(), "{text}");
        }
    }
}
