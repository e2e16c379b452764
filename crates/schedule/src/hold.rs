//! Holds.

use jiff::Timestamp;
use serde::Serialize;

use super::name::TargetName;
use super::size::Size;
use super::window::Occurrence;
use super::zone::Zone;

/// A size that overrides the schedule for a while. It ends by itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Hold {
    pub target: TargetName,
    pub size: Size,
    pub since: Timestamp,
    /// Exclusive.
    pub until: Timestamp,
    pub reason: String,
    pub by: String,
}

impl Hold {
    pub(super) fn occurrence(&self, zone: &Zone) -> Occurrence {
        Occurrence {
            begins: zone.edge_at(self.since),
            ends: zone.edge_at(self.until),
        }
    }
}
