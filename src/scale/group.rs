//! Concurrency groups: resources of which only one is changed at a time, because two changes at once can harm
//! each other.
//!
//! A group is blocked from before a write until its outcome is known and recorded. A write whose response is
//! lost keeps it blocked; the next tick first reads the outcome of that write.

use super::journal::ChangeRecord;
use super::resource::Resource;
use schedule::Target;

/// Whether a resource of a group may be written.
#[derive(Default)]
pub(super) struct ConcurrencyGroup {
    blocked: Option<String>,
}

impl ConcurrencyGroup {
    /// The reason for which no resource may be written.
    pub(super) fn blocked(&self) -> Option<&str> {
        self.blocked.as_deref()
    }

    pub(super) fn block_for_change(&mut self, target: &str) {
        self.block(format!("the change of {target} is not known to have ended"));
    }

    /// The first reason stays.
    pub(super) fn block(&mut self, reason: String) {
        self.blocked.get_or_insert(reason);
    }

    /// After the outcome of the change is recorded.
    pub(super) fn unblock(&mut self) {
        self.blocked = None;
    }
}

/// The work of a tick in one group.
#[derive(Default)]
pub(super) struct GroupWork<'a> {
    /// The changes without an outcome, also of targets that left the schedule.
    pub(super) open: Vec<(&'a ChangeRecord, Resource)>,
    pub(super) targets: Vec<&'a Target>,
}
