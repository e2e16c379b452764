//! The sources of the panels and of the actions.

use std::sync::Arc;

use crate::backup::Backups;
use crate::clock::Clock;
use crate::due::DueRuns;
use crate::health::Health;
use crate::ledger::Ledger;
use crate::scale::Scaling;

/// The sources of the page. Clones share them.
#[derive(Clone)]
pub struct Ops {
    pub(super) sources: Arc<Sources>,
}

/// The sources of the panels.
pub(super) struct Sources {
    pub(super) health: Health,
    pub(super) ledger: Ledger,
    pub(super) scaling: Scaling,
    pub(super) backups: Backups,
    pub(super) due: DueRuns,
    pub(super) clock: Clock,
}

impl Ops {
    pub fn new(
        health: Health,
        ledger: Ledger,
        scaling: Scaling,
        backups: Backups,
        due: DueRuns,
        clock: Clock,
    ) -> Ops {
        Ops {
            sources: Arc::new(Sources {
                health,
                ledger,
                scaling,
                backups,
                due,
                clock,
            }),
        }
    }
}
