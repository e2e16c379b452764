//! Schedule, holds, changes and the Resource Manager together, for ticks, routes and verbs.

use std::convert::Infallible;
use std::sync::{Arc, OnceLock};

use jiff::Timestamp;

use super::files::LoadError;
use super::holds::Holds;
use super::journal::Journal;
use super::loaded::LoadedSchedule;
use super::settings::Settings;
use crate::azure::resource_manager::{ClientError, ResourceManager};
use crate::clock::{Cached, Clock};
use crate::database::Database;

/// Schedule, holds, changes and the Resource Manager. Clones share them.
#[derive(Clone)]
pub struct Scaling {
    shared: Arc<Shared>,
}

struct Shared {
    settings: Settings,
    clock: Clock,
    database: Database,
    holds: Holds,
    journal: Journal,
    /// Created when first needed, because it reads the roots of trust.
    manager: OnceLock<Arc<ResourceManager>>,
    recent: Cached<Recent>,
}

/// A schedule that many read, also with errors, or why it cannot be read. `None`: there is nothing to size.
pub(super) type Recent = Result<Option<Arc<LoadedSchedule>>, String>;

impl Scaling {
    /// Reads nothing yet.
    pub fn new(settings: Settings, database: Database, clock: Clock) -> Scaling {
        Scaling {
            shared: Arc::new(Shared {
                settings,
                clock,
                holds: Holds::new(database.clone()),
                journal: Journal::new(database.clone()),
                database,
                manager: OnceLock::new(),
                recent: Cached::default(),
            }),
        }
    }

    /// The present content of the schedule's files, if it has no errors.
    pub(super) async fn schedule(&self, now: Timestamp) -> Result<LoadedSchedule, LoadError> {
        let loaded = LoadedSchedule::read(&self.shared.settings, now).await;
        loaded.and_then(LoadedSchedule::without_errors)
    }

    /// The schedule as it was at most a minute ago, also with errors: for checks, metrics and the page. Its files
    /// can be in Azure Blob Storage.
    pub(super) async fn recent(&self, now: Timestamp) -> Recent {
        let reading = async {
            let read = LoadedSchedule::read(&self.shared.settings, now).await;
            Ok::<_, Infallible>(match read {
                Ok(loaded) => Ok(Some(Arc::new(loaded))),
                Err(LoadError::Missing(_)) => Ok(None),
                Err(error) => Err(error.to_string()),
            })
        };
        let Ok(recent) = self.shared.recent.get(now, Box::pin(reading)).await;
        recent
    }

    pub(super) fn now(&self) -> Timestamp {
        (self.shared.clock)()
    }

    pub(super) fn clock(&self) -> &Clock {
        &self.shared.clock
    }

    pub(super) fn database(&self) -> &Database {
        &self.shared.database
    }

    pub fn holds(&self) -> &Holds {
        &self.shared.holds
    }

    pub fn journal(&self) -> &Journal {
        &self.shared.journal
    }

    pub(super) fn manager(&self) -> Result<Arc<ResourceManager>, ClientError> {
        if let Some(manager) = self.shared.manager.get() {
            return Ok(manager.clone());
        }
        let base = self.shared.settings.manager.clone();
        let manager = Arc::new(ResourceManager::new(base)?);
        Ok(self.shared.manager.get_or_init(|| manager).clone())
    }
}
