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

    /// The action for a target of size 1 that should have 4.
    fn action(mode: Mode, state: &State, has_desired: bool, history: History) -> Action {
        reconcile(&TargetState {
            mode,
            changes_per_hour: 3,
            desired: Size::One(4),
            actual: Size::One(1),
            has_desired,
            state,
            history,
        })
    }

    #[test]
    fn the_action_follows_from_the_state_the_size_and_the_history() {
        let settled = &State::Settled;
        let changing = &State::Changing("Updating".into());
        let failed = &State::Failed("Failed".into());
        let new = History::default();
        let made = |count| History {
            made: Some(Size::One(count)),
            ..new
        };
        let often = |within_an_hour| History {
            within_an_hour,
            ..new
        };
        for (state, has_desired, history, expected) in [
            (changing, false, new, Action::Wait("Updating".into())),
            (changing, true, new, Action::Wait("Updating".into())),
            (settled, true, new, Action::InPlace),
            (failed, true, new, Action::Broken("Failed".into())),
            // It can be changed again.
            (failed, false, new, Action::Change(Cause::Schedule)),
            (settled, false, new, Action::Change(Cause::Schedule)),
            (settled, false, made(1), Action::Change(Cause::Schedule)),
            (settled, false, made(4), Action::Change(Cause::Drift)),
            (settled, false, often(2), Action::Change(Cause::Schedule)),
            (settled, false, often(3), Action::RateLimited),
        ] {
            let found = action(Mode::Enforce, state, has_desired, history);
            assert_eq!(found, expected, "{state:?} {has_desired} {history:?}");
        }
    }

    #[test]
    fn shadow_mode_reports_each_change_once() {
        for (shadowed, is_new) in [(None, true), (Some(1), false), (Some(2), true)] {
            let shadowed = shadowed.map(|from| SizeChange {
                from: Size::One(from),
                to: Size::One(4),
            });
            let history = History {
                shadowed,
                within_an_hour: 99,
                ..History::default()
            };
            let found = action(Mode::Shadow, &State::Settled, false, history);
            assert_eq!(found, Action::WouldChange { is_new });
        }
    }
}
