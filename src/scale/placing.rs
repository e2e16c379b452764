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
