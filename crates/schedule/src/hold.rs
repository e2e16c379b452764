//! A size that somebody wants for a while, whatever the schedule says.

use jiff::Timestamp;
use serde::Serialize;

use super::size::Size;
use super::target::TargetName;
use super::window::Occurrence;
use super::zone::Zone;

/// A size that somebody wants for a while, whatever the schedule says. It ends by itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Hold {
    /// What is held.
    pub target: TargetName,
    /// The size.
    pub size: Size,
    /// From when on.
    pub since: Timestamp,
    /// Until when: at that instant it is over.
    pub until: Timestamp,
    /// Why, for whoever sees the size and wonders.
    pub reason: String,
    /// Who wants it.
    pub by: String,
}

impl Hold {
    /// The one time that it is in force.
    pub(super) fn occurrence(&self, zone: &Zone) -> Occurrence {
        Occurrence {
            begins: zone.edge_at(self.since),
            ends: zone.edge_at(self.until),
        }
    }
}
