//! Checks and stores holds: one way for the command line, HTTP and the operators' page.

use jiff::{SignedDuration, Timestamp};
use thiserror::Error;

use super::end::End;
use super::files::LoadError;
use super::loaded::NoSuchTarget;
use super::scaling::Scaling;
use crate::database;
use schedule::{Hold, Size, Target, TargetName, check_text};

/// A hold on a target of the schedule, before its author and its reason are known.
#[derive(Clone, Debug)]
pub struct Placing {
    pub target: Target,
    pub size: Size,
    pub until: Timestamp,
    /// Without a resource, the hold has no effect.
    pub has_resource: bool,
}

/// Why a hold is not possible.
#[derive(Debug, Error)]
pub enum HoldError {
    #[error(transparent)]
    Load(#[from] LoadError),
    #[error(transparent)]
    Target(#[from] NoSuchTarget),
    /// All mistakes at once.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Rejected(Vec<Rejection>),
    #[error(transparent)]
    Database(#[from] database::Error),
}

/// A rejected part of a hold, and the remedy.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{part}: {text}")]
pub struct Rejection {
    /// The name of the option and of the JSON member.
    pub part: &'static str,
    pub text: String,
}

/// The longest hold. A size that lasts longer belongs in the schedule.
const LONGEST: SignedDuration = SignedDuration::from_hours(7 * 24);

impl Scaling {
    /// Finds the target of a hold.
    pub async fn placing(
        &self,
        name: &TargetName,
        size: Size,
        until: End,
        now: Timestamp,
    ) -> Result<Placing, HoldError> {
        let loaded = self.schedule(now).await?;
        let target = loaded.target(name)?;
        Ok(Placing {
            size,
            until: until.at(&target.zone, now),
            has_resource: loaded.resource(name).is_some(),
            target: target.clone(),
        })
    }

    /// Checks and stores the hold. It is in force when this returns.
    pub async fn place(
        &self,
        placing: &Placing,
        reason: String,
        by: String,
        now: Timestamp,
    ) -> Result<Hold, HoldError> {
        let hold = placing.hold(reason, by, now)?;
        self.holds().create(&hold).await?;
        Ok(hold)
    }
}

impl Placing {
    /// Checks the size and the end.
    pub fn check(&self, now: Timestamp) -> Result<(), HoldError> {
        accepted([self.size_rejection(), self.end_rejection(now), None, None])
    }

    fn hold(&self, reason: String, by: String, now: Timestamp) -> Result<Hold, HoldError> {
        accepted([
            self.size_rejection(),
            self.end_rejection(now),
            rejection("reason", text_error(&reason, 500)),
            rejection("by", text_error(&by, 100)),
        ])?;
        Ok(Hold {
            target: self.target.name.clone(),
            size: self.size,
            since: now,
            until: self.until,
            reason,
            by,
        })
    }

    fn size_rejection(&self) -> Option<Rejection> {
        let (Target { name, bounds, .. }, size) = (&self.target, self.size);
        let error = if !size.has_form_of(self.target.size) {
            let form = match self.target.size {
                Size::One(_) => "one number",
                Size::Between { .. } => "a least and a most",
            };
            format!("the sizes of {name} have another form; give {form}")
        } else if bounds.contain(size) {
            return None;
        } else {
            format!("{size} is outside the bounds of {name}; give {bounds}")
        };
        rejection("size", Some(error))
    }

    fn end_rejection(&self, now: Timestamp) -> Option<Rejection> {
        let (until, lasts) = (self.until, self.until.duration_since(now));
        let error = if lasts <= SignedDuration::ZERO {
            format!("{until} is in the past; give a later time")
        } else if lasts > LONGEST {
            format!("{until} is more than 7 days from now; change the schedule for a longer time")
        } else {
            return None;
        };
        rejection("until", Some(error))
    }
}

fn rejection(part: &'static str, error: Option<String>) -> Option<Rejection> {
    error.map(|text| Rejection { part, text })
}

fn accepted(rejections: [Option<Rejection>; 4]) -> Result<(), HoldError> {
    let rejections: Vec<Rejection> = rejections.into_iter().flatten().collect();
    if rejections.is_empty() {
        return Ok(());
    }
    Err(HoldError::Rejected(rejections))
}

/// Why a text of a person cannot be stored.
pub(crate) fn text_error(text: &str, longest: usize) -> Option<String> {
    let length = text.chars().count();
    if !(1..=longest).contains(&length) {
        return Some(format!("{length} characters; give 1 to {longest}"));
    }
    check_text(text).err().map(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use schedule::{Configuration, Schedule};

    fn at(text: &str) -> Timestamp {
        text.parse().expect("an instant")
    }

    const NOW: &str = "2026-11-24T12:00:00Z";

    /// On a target with one number from 1 to 4.
    fn placing(size: Size, until: &str) -> Placing {
        let text =
            "[target.web]\nzone = \"Europe/Berlin\"\nsize = 1\nbounds = { min = 1, max = 4 }\n";
        let configuration = Configuration::parse(text).expect("it can be read");
        Placing {
            target: Schedule::new(configuration, &BTreeMap::new()).targets()[0].clone(),
            size,
            until: at(until),
            has_resource: false,
        }
    }

    #[track_caller]
    fn rejections(placing: &Placing, reason: &str, by: &str) -> Vec<Rejection> {
        match placing.hold(reason.to_owned(), by.to_owned(), at(NOW)) {
            Err(HoldError::Rejected(rejections)) => rejections,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_hold_is_in_force_from_now_on() {
        let placing = placing(Size::One(4), "2026-11-24T18:00:00Z");
        let hold = placing.hold("release".into(), "ann".into(), at(NOW));
        let hold = hold.expect("it is good");
        assert_eq!(
            (hold.since, hold.until),
            (at(NOW), at("2026-11-24T18:00:00Z"))
        );
    }

    #[test]
    fn all_rejections_are_returned_at_once() {
        let wrong = placing(Size::One(9), NOW);
        let found = rejections(&wrong, " ", "a\nb");
        let parts: Vec<&str> = found.iter().map(|it| it.part).collect();
        assert_eq!(parts, ["size", "until", "reason", "by"]);
        assert!(found[0].to_string().contains("give 1 to 4"), "{found:?}");
        let long = placing(Size::Between { min: 1, max: 2 }, "2026-12-01T12:00:01Z");
        let found = rejections(&long, "release", "ann");
        assert!(found[0].text.contains("one number"), "{found:?}");
        assert!(found[1].text.contains("7 days"), "{found:?}");
    }
}
