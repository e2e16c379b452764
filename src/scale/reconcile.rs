//! Decides the action for one target from its desired size, its observed state and its history. Pure.

use std::fmt;

use super::resource::State;
use schedule::{Mode, Size};

/// A summary of a target's changes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct History {
    /// The size after the last change that Azure began, if that change succeeded. After a change that failed
    /// or has no outcome, Azure may have stopped at any size.
    pub(super) made: Option<Size>,
    /// The last change, if it was in shadow mode.
    pub(super) shadowed: Option<SizeChange>,
    /// The changes of the last hour that Azure began, or may have begun.
    pub(super) within_an_hour: u32,
    /// Changes of the last 45 minutes that were skipped in a row.
    pub(super) skipped: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct SizeChange {
    pub(super) from: Size,
    pub(super) to: Size,
}

/// `1 to 4`
impl fmt::Display for SizeChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} to {}", self.from, self.to)
    }
}

/// Everything that decides the action for a target.
#[derive(Clone, Copy, Debug)]
pub(super) struct TargetState<'a> {
    pub(super) mode: Mode,
    pub(super) changes_per_hour: u32,
    pub(super) desired: Size,
    pub(super) actual: Size,
    /// Whether the actual size satisfies the desired one. One number leaves an app's maximum open, so the
    /// two may differ.
    pub(super) has_desired: bool,
    pub(super) state: &'a State,
    pub(super) history: History,
}

/// The tick's action for a target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Action {
    /// Nothing: the target has its desired size.
    InPlace,
    /// Azure changes the target now, in this provisioning state, and would reject another change.
    Wait(String),
    /// The target has its desired size, but its provisioning state is a failure.
    Broken(String),
    /// Change the size.
    Change(Cause),
    /// Shadow mode: report the change. It is new unless the last row of the journal has it.
    WouldChange { is_new: bool },
    /// Nothing: the target had `changes_per_hour` changes within the last hour.
    RateLimited,
}

/// Why the actual size differs from the desired one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cause {
    /// The desired size changed.
    Schedule,
    /// This program set the desired size, and another party changed it since.
    Drift,
}

impl Cause {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Cause::Schedule => "schedule",
            Cause::Drift => "drift",
        }
    }
}

pub(super) fn reconcile(target: &TargetState) -> Action {
    match (target.state, target.has_desired) {
        (State::Changing(word), _) => Action::Wait(word.clone()),
        (State::Settled, true) => Action::InPlace,
        (State::Failed(word), true) => Action::Broken(word.clone()),
        (State::Settled | State::Failed(_), false) => differs(target),
    }
}

fn differs(target: &TargetState) -> Action {
    let history = target.history;
    let change = SizeChange {
        from: target.actual,
        to: target.desired,
    };
    match target.mode {
        Mode::Shadow => Action::WouldChange {
            is_new: history.shadowed != Some(change),
        },
        Mode::Enforce if history.within_an_hour >= target.changes_per_hour => Action::RateLimited,
        Mode::Enforce if history.made == Some(target.desired) => Action::Change(Cause::Drift),
        Mode::Enforce => Action::Change(Cause::Schedule),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(state: &State) -> TargetState<'_> {
        TargetState {
            mode: Mode::Enforce,
            changes_per_hour: 3,
            desired: Size::One(4),
            actual: Size::One(1),
            has_desired: false,
            state,
            history: History::default(),
        }
    }

    #[test]
    fn a_target_that_azure_changes_waits() {
        let state = State::Changing("Updating".into());
        for has_desired in [true, false] {
            let target = TargetState {
                has_desired,
                ..target(&state)
            };
            assert_eq!(reconcile(&target), Action::Wait("Updating".into()));
        }
    }

    #[test]
    fn a_target_with_its_size_is_in_place_unless_its_state_is_a_failure() {
        let with_its_size = |state| TargetState {
            has_desired: true,
            ..target(state)
        };
        assert_eq!(reconcile(&with_its_size(&State::Settled)), Action::InPlace);
        let failed = State::Failed("Failed".into());
        assert_eq!(
            reconcile(&with_its_size(&failed)),
            Action::Broken("Failed".into())
        );
        let change = Action::Change(Cause::Schedule);
        assert_eq!(
            reconcile(&target(&failed)),
            change,
            "it can be changed again"
        );
    }

    #[test]
    fn a_size_that_this_program_made_and_that_differs_is_drift() {
        let settled = State::Settled;
        let with = |made| {
            let history = History {
                made,
                ..History::default()
            };
            reconcile(&TargetState {
                history,
                ..target(&settled)
            })
        };
        assert_eq!(with(None), Action::Change(Cause::Schedule));
        assert_eq!(with(Some(Size::One(1))), Action::Change(Cause::Schedule));
        assert_eq!(with(Some(Size::One(4))), Action::Change(Cause::Drift));
    }

    #[test]
    fn changes_within_an_hour_are_limited() {
        let settled = State::Settled;
        let after = |within_an_hour| {
            let history = History {
                within_an_hour,
                ..History::default()
            };
            reconcile(&TargetState {
                history,
                ..target(&settled)
            })
        };
        assert_eq!(after(2), Action::Change(Cause::Schedule));
        assert_eq!(after(3), Action::RateLimited);
    }

    #[test]
    fn shadow_mode_reports_each_change_once() {
        let settled = State::Settled;
        let after = |shadowed| {
            let history = History {
                shadowed,
                within_an_hour: 99,
                ..History::default()
            };
            reconcile(&TargetState {
                mode: Mode::Shadow,
                history,
                ..target(&settled)
            })
        };
        let would = |is_new| Action::WouldChange { is_new };
        assert_eq!(after(None), would(true));
        let change = |from, to| {
            let (from, to) = (Size::One(from), Size::One(to));
            Some(SizeChange { from, to })
        };
        assert_eq!(after(change(1, 4)), would(false));
        assert_eq!(after(change(2, 4)), would(true));
    }
}
