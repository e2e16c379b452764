//! Decides the action for one target from its desired size, its observed state and its history. Pure.

use super::resource::State;
use schedule::{Mode, Size};

/// The history of a target's changes, summarized.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Record {
    /// The size that the last change which Azure began made, if that one succeeded. After one that
    /// failed or has no outcome, Azure may have stopped at any size.
    pub(super) made: Option<Size>,
    /// The last one of all, where it was in shadow mode: from, to.
    pub(super) shadowed: Option<(Size, Size)>,
    /// How many Azure began, or may have begun, within the last hour.
    pub(super) within_an_hour: u32,
    /// Changes of the last 45 minutes that were skipped in a row.
    pub(super) skipped: u32,
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
    pub(super) record: Record,
}

/// What the tick does about a target.
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
    /// Shadow mode: report the change. The journal gets each one once.
    WouldChange {
        /// Whether the journal's last row is not this change already.
        is_new: bool,
    },
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

/// The action for a target.
pub(super) fn reconcile(seen: &TargetState) -> Action {
    match (seen.state, seen.has_desired) {
        (State::Changing(word), _) => Action::Wait(word.clone()),
        (State::Settled, true) => Action::InPlace,
        (State::Failed(word), true) => Action::Broken(word.clone()),
        (State::Settled | State::Failed(_), false) => differs(seen),
    }
}

fn differs(seen: &TargetState) -> Action {
    let record = seen.record;
    match seen.mode {
        Mode::Shadow => Action::WouldChange {
            is_new: record.shadowed != Some((seen.actual, seen.desired)),
        },
        Mode::Enforce if record.within_an_hour >= seen.changes_per_hour => Action::RateLimited,
        Mode::Enforce if record.made == Some(seen.desired) => Action::Change(Cause::Drift),
        Mode::Enforce => Action::Change(Cause::Schedule),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(state: &State) -> TargetState<'_> {
        TargetState {
            mode: Mode::Enforce,
            changes_per_hour: 3,
            desired: Size::One(4),
            actual: Size::One(1),
            has_desired: false,
            state,
            record: Record::default(),
        }
    }

    #[test]
    fn what_azure_works_on_is_left_alone() {
        let state = State::Changing("Updating".into());
        for has_desired in [true, false] {
            let seen = TargetState {
                has_desired,
                ..seen(&state)
            };
            assert_eq!(reconcile(&seen), Action::Wait("Updating".into()));
        }
    }

    #[test]
    fn what_is_as_it_should_be_is_in_place_unless_azure_failed_at_it() {
        let at_home = |state| TargetState {
            has_desired: true,
            ..seen(state)
        };
        assert_eq!(reconcile(&at_home(&State::Settled)), Action::InPlace);
        let failed = State::Failed("Failed".into());
        assert_eq!(
            reconcile(&at_home(&failed)),
            Action::Broken("Failed".into())
        );
        let change = Action::Change(Cause::Schedule);
        assert_eq!(
            reconcile(&seen(&failed)),
            change,
            "a failed one can be changed again"
        );
    }

    #[test]
    fn what_was_made_so_and_is_no_more_has_drifted() {
        let settled = State::Settled;
        let with = |made| {
            let record = Record {
                made,
                ..Record::default()
            };
            reconcile(&TargetState {
                record,
                ..seen(&settled)
            })
        };
        assert_eq!(with(None), Action::Change(Cause::Schedule));
        assert_eq!(with(Some(Size::One(1))), Action::Change(Cause::Schedule));
        assert_eq!(with(Some(Size::One(4))), Action::Change(Cause::Drift));
    }

    #[test]
    fn no_more_changes_than_allowed_are_made_within_an_hour() {
        let settled = State::Settled;
        let after = |within_an_hour| {
            let record = Record {
                within_an_hour,
                ..Record::default()
            };
            reconcile(&TargetState {
                record,
                ..seen(&settled)
            })
        };
        assert_eq!(after(2), Action::Change(Cause::Schedule));
        assert_eq!(after(3), Action::RateLimited);
    }

    #[test]
    fn a_shadow_says_each_thing_once_and_changes_nothing() {
        let settled = State::Settled;
        let after = |shadowed| {
            let record = Record {
                shadowed,
                within_an_hour: 99,
                ..Record::default()
            };
            reconcile(&TargetState {
                mode: Mode::Shadow,
                record,
                ..seen(&settled)
            })
        };
        let would = |is_new| Action::WouldChange { is_new };
        assert_eq!(after(None), would(true));
        assert_eq!(after(Some((Size::One(1), Size::One(4)))), would(false));
        assert_eq!(after(Some((Size::One(2), Size::One(4)))), would(true));
    }
}
