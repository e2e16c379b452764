//! Schedule, holds, changes and the Resource Manager together, for ticks, routes and verbs.

use std::sync::{Arc, OnceLock};

use jiff::Timestamp;

use super::files::LoadError;
use super::holds::{HoldRecord, Holds};
use super::journal::{Journal, SizeRecord};
use super::loaded::LoadedSchedule;
use super::settings::Settings;
use crate::azure::resource_manager::{ClientError, ResourceManager};
use crate::clock::Clock;
use crate::database::{Database, Error};

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
}

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
            }),
        }
    }

    /// The present content of the schedule's files.
    pub async fn loaded(&self, now: Timestamp) -> Result<Option<LoadedSchedule>, LoadError> {
        LoadedSchedule::read(&self.shared.settings, now).await
    }

    /// The holds that began by `now` and ended at `since` or later, the oldest first.
    pub async fn holds_since(
        &self,
        since: Timestamp,
        now: Timestamp,
    ) -> Result<Vec<HoldRecord>, Error> {
        self.shared.holds.since(since, now).await
    }

    /// The changes of sizes that succeeded since an instant, the oldest first.
    pub async fn sizes_since(&self, since: Timestamp) -> Result<Vec<SizeRecord>, Error> {
        self.shared.journal.succeeded(since).await
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

    pub(super) fn holds(&self) -> &Holds {
        &self.shared.holds
    }

    pub(super) fn journal(&self) -> &Journal {
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
