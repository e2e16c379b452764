//! The schedule, the holds and the errors of all verbs.

use jiff::Timestamp;

use super::WithHolds;
use crate::clock::Clock;
use crate::database::Database;
use crate::exit::{Exit, Failure};
use crate::scale::{HoldError, LoadError, LoadedSchedule, NoSuchTarget, Scaling, Settings};
use schedule::Hold;

impl From<LoadError> for Failure {
    fn from(error: LoadError) -> Failure {
        let exit = match error {
            LoadError::Missing(_) => Exit::Usage,
            LoadError::Unusable(_) => Exit::Failed,
        };
        Failure::new(exit, error.to_string())
    }
}

impl From<NoSuchTarget> for Failure {
    fn from(error: NoSuchTarget) -> Failure {
        Failure::usage(error.to_string())
    }
}

impl From<HoldError> for Failure {
    fn from(error: HoldError) -> Failure {
        match error {
            HoldError::Load(error) => error.into(),
            HoldError::Target(error) => error.into(),
            HoldError::Rejected(rejections) => {
                let options = rejections.iter().map(|it| format!("--{it}"));
                Failure::usage(options.collect::<Vec<_>>().join("; "))
            }
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
        // Holds and changes are in a database.
        let database = self.database.as_ref().ok_or_else(|| {
            Failure::usage("no database is named; set DATABASE_URL to the one that the timer uses")
        })?;
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
