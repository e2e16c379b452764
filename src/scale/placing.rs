//! Holds from texts of a form: what a hold would do, and its placing.

use jiff::Timestamp;
use thiserror::Error;
use uuid::Uuid;

use super::files::LoadError;
use super::hold_request::{
    self, End, EndError, HoldRequest, Member, NoSuchTarget, Rejection, size_of,
};
use super::scaling::Scaling;
use crate::database;
use schedule::{Hold, Size, Target, TargetName};

/// A hold whose size and end are possible.
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
    #[error("there is no schedule; write scale.toml beside host.json, or name one in SCALE_CONFIG")]
    NoSchedule,
    #[error("{0}")]
    Unusable(String),
    #[error("{0}")]
    Target(String),
    #[error("{0}")]
    Size(String),
    #[error("{0}")]
    End(String),
    #[error("{0}")]
    Rejected(String),
    #[error(transparent)]
    Database(#[from] database::Error),
}

impl From<NoSuchTarget> for HoldError {
    fn from(error: NoSuchTarget) -> HoldError {
        HoldError::Target(error.to_string())
    }
}

impl From<EndError> for HoldError {
    fn from(error: EndError) -> HoldError {
        HoldError::End(error.to_string())
    }
}

impl From<Vec<Rejection>> for HoldError {
    fn from(rejections: Vec<Rejection>) -> HoldError {
        let texts: Vec<String> = rejections.iter().map(ToString::to_string).collect();
        HoldError::Rejected(texts.join("; "))
    }
}

impl Scaling {
    /// Checks a hold on the target of this name. `until` is an end as on the command line.
    pub async fn placing(
        &self,
        name: &str,
        size: &str,
        until: &str,
        now: Timestamp,
    ) -> Result<Placing, HoldError> {
        let name: TargetName = name
            .parse()
            .map_err(|error: schedule::TargetNameError| HoldError::Target(error.to_string()))?;
        let size = size_of(size).map_err(HoldError::Size)?;
        let until: End = until.parse()?;
        let loaded = self.loaded(now).await?.ok_or(HoldError::NoSchedule)?;
        if let Some(errors) = loaded.errors() {
            return Err(HoldError::Unusable(errors));
        }
        let target = hold_request::target(loaded.schedule.targets(), &name)?;
        let placing = Placing {
            size,
            until: whole_seconds(until.at(&target.zone, now)),
            has_resource: loaded.resource(&name).is_some(),
            target: target.clone(),
        };
        // The reason and the name come later.
        let request = placing.request(String::new(), String::new());
        if let Err(mut rejections) = request.check(&placing.target, now) {
            rejections.retain(|it| matches!(it.member, Member::Size | Member::Until));
            if !rejections.is_empty() {
                return Err(rejections.into());
            }
        }
        Ok(placing)
    }

    /// Stores the hold. It is in force when this returns.
    pub async fn place(
        &self,
        placing: Placing,
        reason: String,
        by: String,
        now: Timestamp,
    ) -> Result<Hold, HoldError> {
        let request = placing.request(reason, by);
        let hold = request.check(&placing.target, now)?;
        self.holds().create(&hold).await?;
        Ok(hold)
    }

    /// Ends the holds on a target, and returns whether any was in force. `invocation` is the host's id of the
    /// request.
    pub async fn release(
        &self,
        name: &TargetName,
        now: Timestamp,
        invocation: Option<Uuid>,
    ) -> Result<bool, database::Error> {
        self.holds().release(name, now, invocation).await
    }
}

/// A length such as 2h begins at an instant with a fraction, which no person would write.
fn whole_seconds(at: Timestamp) -> Timestamp {
    Timestamp::from_second(at.as_second()).unwrap_or(at)
}

impl Placing {
    fn request(&self, reason: String, by: String) -> HoldRequest {
        HoldRequest {
            size: self.size,
            until: self.until,
            reason,
            by,
        }
    }
}
