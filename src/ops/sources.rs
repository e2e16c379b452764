//! The sources of the panels and of the actions.

use crate::backup::Backups;
use crate::clock::Clock;
use crate::due::DueRuns;
use crate::health::Health;
use crate::ledger::Ledger;
use crate::scale::Scaling;

/// The sources of the page.
pub struct Ops {
    pub health: Health,
    pub ledger: Ledger,
    pub scaling: Scaling,
    pub backups: Backups,
    pub due: DueRuns,
    pub clock: Clock,
}
