//! Everything that a tick, a route or a verb works with.

use std::sync::{Arc, OnceLock};

use jiff::Timestamp;
use thiserror::Error;

use super::holds::Holds;
use super::journal::Journal;
use super::loaded::{LoadError, LoadedSchedule};
use super::settings::Settings;
use crate::azure::resource_manager::{ClientError, ResourceManager};
use crate::azure::{self, CredentialError};
use crate::clock::Clock;
use crate::database::Database;
use crate::environment;

/// Schedule, holds, changes and the Resource Manager. Clones share them.
#[derive(Clone)]
pub struct Scaling {
    shared: Arc<Shared>,
}

struct Shared {
    settings: Settings,
    clock: Clock,
    holds: Holds,
    journal: Journal,
    /// Made when first needed: it looks for an identity and for roots of trust.
    manager: OnceLock<Arc<ResourceManager>>,
}

/// The Resource Manager cannot be talked to.
#[derive(Debug, Error)]
pub(super) enum ManagerError {
    /// As nobody.
    #[error(transparent)]
    Credential(#[from] CredentialError),
    /// Without trust.
    #[error(transparent)]
    Client(#[from] ClientError),
}

impl Scaling {
    /// With these settings, on this database. Nothing is read yet.
    pub fn new(settings: Settings, database: Database, clock: Clock) -> Scaling {
        Scaling {
            shared: Arc::new(Shared {
                settings,
                clock,
                holds: Holds::new(database.clone()),
                journal: Journal::new(database),
                manager: OnceLock::new(),
            }),
        }
    }

    /// The schedule as it lies there now.
    pub async fn loaded(&self, now: Timestamp) -> Result<Option<LoadedSchedule>, LoadError> {
        LoadedSchedule::read(&self.shared.settings, now).await
    }

    pub(super) fn now(&self) -> Timestamp {
        (self.shared.clock)()
    }

    pub(super) fn clock(&self) -> &Clock {
        &self.shared.clock
    }

    pub(super) fn holds(&self) -> &Holds {
        &self.shared.holds
    }

    pub(super) fn journal(&self) -> &Journal {
        &self.shared.journal
    }

    pub(super) fn manager(&self) -> Result<Arc<ResourceManager>, ManagerError> {
        if let Some(manager) = self.shared.manager.get() {
            return Ok(manager.clone());
        }
        let credential = azure::credential(environment::variable)?;
        let base = self.shared.settings.manager.clone();
        let manager = Arc::new(ResourceManager::new(base, credential)?);
        Ok(self.shared.manager.get_or_init(|| manager).clone())
    }
}
