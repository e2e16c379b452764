//! The sources of the panels and of the actions.

use std::sync::Arc;

use crate::backup::Backups;
use crate::clock::Clock;
use crate::due::DueRuns;
use crate::health::Health;
use crate::ledger::Ledger;
use crate::scale::Scaling;

/// The page. Clones share its sources.
#[derive(Clone)]
pub struct Ops {
    pub(super) sources: Arc<Sources>,
}

pub struct Sources {
    pub health: Health,
    pub ledger: Ledger,
    pub scaling: Scaling,
    pub backups: Backups,
    pub due: DueRuns,
    pub clock: Clock,
}

impl Ops {
    pub fn new(sources: Sources) -> Ops {
        Ops {
            sources: Arc::new(sources),
        }
    }
}
