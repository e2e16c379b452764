//! What the verbs have in common: the schedule, the holds, why they fail.

use jiff::Timestamp;
use thiserror::Error;

use super::WithHolds;
use crate::clock::Clock;
use crate::database::{self, Database, MigrationError};
use crate::scale::hold_request::{NoSuchTarget, Refusal};
use crate::scale::loaded::{LoadError, LoadedSchedule};
use crate::scale::{Scaling, Settings};
use schedule::{Hold, TargetName};

/// Why a verb was not done.
#[derive(Debug, Error)]
pub(crate) enum Failure {
    /// The schedule could not be read.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// There is none.
    #[error("there is no schedule; write scale.toml here, or name one in SCALE_CONFIG")]
    NoSchedule,
    /// It has errors.
    #[error("the schedule has {0} errors and is not acted on")]
    Findings(usize),
    /// It has errors, and this needs one that has none.
    #[error("{0}")]
    Errors(String),
    /// A target that there is not.
    #[error(transparent)]
    Target(#[from] NoSuchTarget),
    /// A hold that cannot be.
    #[error("{}", all(.0))]
    Refused(Vec<Refusal>),
    /// Nothing to release.
    #[error("nobody holds {0}")]
    NotHeld(TargetName),
    /// A tick did not do all that it should.
    #[error("{0}")]
    Tick(String),
    /// Holds and changes are in a database.
    #[error("no database is named; set DATABASE_URL to the one that the timer uses")]
    NoDatabase,
    /// The database's schema is not this program's.
    #[error(transparent)]
    Schema(#[from] MigrationError),
    /// The database did not answer as it should.
    #[error(transparent)]
    Database(#[from] database::Error),
}

impl Failure {
    /// Whether a setting or an option is missing or cannot be used.
    pub(crate) fn is_a_setting(&self) -> bool {
        matches!(self, Failure::NoSchedule | Failure::NoDatabase)
    }
}

fn all(refusals: &[Refusal]) -> String {
    let texts: Vec<String> = refusals.iter().map(|it| format!("--{it}")).collect();
    texts.join("; ")
}

/// What the verbs work on.
pub(crate) struct Session {
    settings: Settings,
    database: Option<Database>,
    clock: Clock,
}

impl Session {
    /// With the feature's settings, and a database where one is named.
    pub(crate) fn new(settings: Settings, database: Option<Database>, clock: Clock) -> Session {
        Session {
            settings,
            database,
            clock,
        }
    }

    pub(super) fn now(&self) -> Timestamp {
        (self.clock)()
    }

    /// The schedule, whatever is wrong with it.
    pub(super) async fn loaded(&self) -> Result<LoadedSchedule, Failure> {
        let loaded = LoadedSchedule::read(&self.settings, self.now()).await?;
        loaded.ok_or(Failure::NoSchedule)
    }

    /// The schedule, without an error in it.
    pub(super) async fn good_schedule(&self) -> Result<LoadedSchedule, Failure> {
        let loaded = self.loaded().await?;
        match loaded.errors() {
            Some(errors) => Err(Failure::Errors(errors)),
            None => Ok(loaded),
        }
    }

    /// The database, whose schema must be this program's.
    pub(super) async fn database(&self) -> Result<&Database, Failure> {
        let database = self.database.as_ref().ok_or(Failure::NoDatabase)?;
        database.require_schema().await?;
        Ok(database)
    }

    /// Everything that the timer works with.
    pub(super) async fn scaling(&self) -> Result<Scaling, Failure> {
        let database = self.database().await?.clone();
        Ok(Scaling::new(
            self.settings.clone(),
            database,
            self.clock.clone(),
        ))
    }

    /// The holds that are in force now, where they are wanted and there is a database.
    pub(super) async fn holds(&self, wanted: &WithHolds) -> Result<Vec<Hold>, Failure> {
        if wanted.without_holds || self.database.is_none() {
            return Ok(Vec::new());
        }
        let scaling = self.scaling().await?;
        Ok(scaling.holds().active(self.now()).await?)
    }
}
