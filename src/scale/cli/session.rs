//! The schedule, the holds and the errors of all verbs.

use jiff::Timestamp;
use thiserror::Error;

use super::WithHolds;
use crate::clock::Clock;
use crate::database::{self, Database, MigrationError};
use crate::exit::Exit;
use crate::scale::{
    HoldError, LoadError, LoadedSchedule, NoSuchTarget, Rejection, Scaling, Settings,
};
use schedule::{Hold, TargetName};

#[derive(Debug, Error)]
pub(crate) enum Failure {
    #[error(transparent)]
    Load(#[from] LoadError),
    /// Of `scale lint`, after it printed the errors.
    #[error("the schedule has {0} errors, so it is not applied")]
    Findings(usize),
    #[error(transparent)]
    Target(#[from] NoSuchTarget),
    /// Of options.
    #[error("{}", .0.iter().map(|it| format!("--{it}")).collect::<Vec<_>>().join("; "))]
    Rejected(Vec<Rejection>),
    #[error("{0} has no hold; `magnusapi scale holds` lists all")]
    NotHeld(TargetName),
    #[error("{0}")]
    Tick(String),
    /// Holds and changes are in a database.
    #[error("no database is named; set DATABASE_URL to the one that the timer uses")]
    NoDatabase,
    #[error(transparent)]
    Schema(#[from] MigrationError),
    #[error(transparent)]
    Database(#[from] database::Error),
}

impl Failure {
    pub(crate) fn exit(&self) -> Exit {
        match self {
            Failure::Load(LoadError::Missing(_))
            | Failure::Target(_)
            | Failure::Rejected(_)
            | Failure::NoDatabase => Exit::Usage,
            Failure::NotHeld(_) => Exit::NothingToDo,
            _ => Exit::Failed,
        }
    }
}

impl From<HoldError> for Failure {
    fn from(error: HoldError) -> Failure {
        match error {
            HoldError::Load(error) => error.into(),
            HoldError::Target(error) => error.into(),
            HoldError::Rejected(rejections) => Failure::Rejected(rejections),
            HoldError::Database(error) => error.into(),
        }
    }
}

pub(crate) struct Session {
    settings: Settings,
    database: Option<Database>,
    clock: Clock,
}

impl Session {
    /// With a database if `DATABASE_URL` is set.
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

    /// The schedule, also with errors.
    pub(super) async fn loaded(&self) -> Result<LoadedSchedule, Failure> {
        Ok(LoadedSchedule::read(&self.settings, self.now()).await?)
    }

    /// The schedule, if it has no errors.
    pub(super) async fn schedule(&self) -> Result<LoadedSchedule, Failure> {
        Ok(self.loaded().await?.without_errors()?)
    }

    /// The database, if its schema is this program's.
    pub(super) async fn database(&self) -> Result<&Database, Failure> {
        let database = self.database.as_ref().ok_or(Failure::NoDatabase)?;
        database.require_schema().await?;
        Ok(database)
    }

    pub(super) async fn scaling(&self) -> Result<Scaling, Failure> {
        let database = self.database().await?.clone();
        Ok(Scaling::new(
            self.settings.clone(),
            database,
            self.clock.clone(),
        ))
    }

    /// The holds in force now. There are none without a database.
    pub(super) async fn holds(&self, options: &WithHolds) -> Result<Vec<Hold>, Failure> {
        if options.without_holds || self.database.is_none() {
            return Ok(Vec::new());
        }
        let scaling = self.scaling().await?;
        Ok(scaling.holds().active(self.now()).await?)
    }
}
