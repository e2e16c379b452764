//! Lanes: resources of which one is changed at a time, because two changes at once can harm each other.
//!
//! A lane is closed from before a write until its outcome is known and written down. A write whose
//! response is lost leaves it closed; the next tick reads first what became of that write.

use super::journal::OpenChange;
use super::resource::Resource;
use schedule::Target;

/// Whether something in a lane may be written.
#[derive(Default)]
pub(super) struct Lane {
    closed: Option<String>,
}

impl Lane {
    /// Why nothing may be written.
    pub(super) fn closed(&self) -> Option<&str> {
        self.closed.as_deref()
    }

    /// Closes it for a change of `target`.
    pub(super) fn close_for_change(&mut self, target: &str) {
        self.close(format!("the change of {target} is not known to have ended"));
    }

    pub(super) fn close(&mut self, why: String) {
        self.closed.get_or_insert(why);
    }

    /// The change that it was closed for has ended, and that is written down.
    pub(super) fn open(&mut self) {
        self.closed = None;
    }
}

/// What there is to do in a lane.
#[derive(Default)]
pub(super) struct LaneWork<'a> {
    /// The changes without an outcome, of targets that left the schedule, too.
    pub(super) open: Vec<(&'a OpenChange, Resource)>,
    pub(super) targets: Vec<&'a Target>,
}
