//! Which features there are: the one place that puts them together.

use std::sync::Arc;
use std::time::Duration;

use crate::backup::{self, BackupCheck, BackupTimer, Backups, DrillTimer};
use crate::clock;
use crate::database::Database;
use crate::health::{DatabaseCheck, Health};
use crate::host::Timers;
use crate::item::{Housekeeping, Items};
use crate::ledger::Ledger;
use crate::scale::{self, ScaleCheck, ScaleTimer, Scaling};

/// Every feature, ready to be called through any door. Clones share all of it.
#[derive(Clone)]
pub struct App {
    /// The database below the features.
    pub database: Database,
    /// The items.
    pub items: Items,
    /// The sizes by schedule.
    pub scaling: Scaling,
    /// The health checks that the features contribute.
    pub health: Health,
    /// The timer functions.
    pub timers: Timers,
}

impl App {
    /// All features on `database`. Long work ends after `deadline`. Must be called inside a tokio
    /// runtime.
    pub fn new(
        database: Database,
        backup: backup::Settings,
        scale: scale::Settings,
        deadline: Duration,
    ) -> App {
        let ledger = Ledger::new(database.clone());
        let backups = Backups::new(backup, clock::system());
        let scaling = Scaling::new(scale.clone(), database.clone(), clock::system());
        // What the checks ask must not wait behind requests.
        let watched = database.beside_the_pool();
        let watched_ledger = Ledger::new(watched.clone());
        let watched_scaling = Scaling::new(scale, watched.clone(), clock::system());
        App {
            items: Items::new(database.clone(), deadline),
            health: Health::new(vec![
                Arc::new(DatabaseCheck::new(database.clone(), watched)),
                Arc::new(BackupCheck::new(backups.clone(), watched_ledger.clone())),
                Arc::new(ScaleCheck::new(watched_scaling, watched_ledger)),
            ]),
            timers: Timers::new(
                vec![
                    Arc::new(Housekeeping::new(database.clone())),
                    Arc::new(BackupTimer::new(backups.clone(), ledger.clone())),
                    Arc::new(DrillTimer::new(backups, ledger.clone())),
                    Arc::new(ScaleTimer::new(scaling.clone(), ledger)),
                ],
                deadline,
            ),
            scaling,
            database,
        }
    }
}

/// The HTTP functions: each folder's name under `functions/` and its route template. `doctor`
/// holds the folders against this.
pub const HTTP_FUNCTIONS: &[(&str, &str)] = &[
    ("health", "health"),
    ("health_live", "health/live"),
    ("item", "item/{id?}"),
    ("openapi", "openapi.json"),
    ("scale_hold", "scale/hold/{target?}"),
    ("scale_plan", "scale/plan"),
];

/// The timer functions: each folder's name under `functions/`.
pub const TIMER_FUNCTIONS: &[&str] = &[
    "item_housekeeping",
    backup::EXPORT,
    backup::DRILL,
    scale::FUNCTION,
];
