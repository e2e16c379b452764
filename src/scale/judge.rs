//! What is to be done about one target. Pure.

use super::resource::State;
use schedule::{Mode, Size};

/// What the history of a target's changes tells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Record {
    /// The size that the last change which Azure began made, if that one succeeded. After one that
    /// failed or has no outcome, Azure may have stopped at any size.
    pub(super) made: Option<Size>,
    /// The last one of all, where it was in shadow mode: from, to.
    pub(super) shadowed: Option<(Size, Size)>,
    /// How many Azure began, or may have begun, within the last hour.
    pub(super) within_an_hour: u32,
    /// How many of the last three quarters of an hour were left, since one that was not.
    pub(super) left: u32,
}

/// What a tick knows of a target.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sight<'a> {
    pub(super) mode: Mode,
    pub(super) changes_per_hour: u32,
    /// The size that it should have, and what it has.
    pub(super) desired: Size,
    pub(super) actual: Size,
    /// Whether what it has is what it should have. One number leaves an app's maximum open, so the
    /// two need not be equal.
    pub(super) has_desired: bool,
    pub(super) state: &'a State,
    pub(super) record: Record,
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is as it should be.
    InPlace,
    /// Azure works on it; this is the word for what it does. A change now would be refused.
    Wait(String),
    /// It has its size, and Azure's last work on it failed; this is the word for it.
    Broken(String),
    /// It should be changed.
    Change(Cause),
    /// It would be changed. Whether that is news: each wish is written down once.
    WouldChange {
        /// It was not said before.
        is_new: bool,
    },
    /// It has seen as many changes within an hour as are allowed.
    HeldBack,
}

/// Why a target differs from what it should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cause {
    /// What it should be has changed.
    Schedule,
    /// It was made what it should be, and another party has changed it since.
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

/// What is to be done about what is seen.
pub(super) fn judge(sight: &Sight) -> Verdict {
    match (sight.state, sight.has_desired) {
        (State::Changing(word), _) => Verdict::Wait(word.clone()),
        (State::Settled, true) => Verdict::InPlace,
        (State::Failed(word), true) => Verdict::Broken(word.clone()),
        (State::Settled | State::Failed(_), false) => differs(sight),
    }
}

fn differs(sight: &Sight) -> Verdict {
    let record = sight.record;
    match sight.mode {
        Mode::Shadow => Verdict::WouldChange {
            is_new: record.shadowed != Some((sight.actual, sight.desired)),
        },
        Mode::Enforce if record.within_an_hour >= sight.changes_per_hour => Verdict::HeldBack,
        Mode::Enforce if record.made == Some(sight.desired) => Verdict::Change(Cause::Drift),
        Mode::Enforce => Verdict::Change(Cause::Schedule),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sight(state: &State) -> Sight<'_> {
        Sight {
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
            let sight = Sight {
                has_desired,
                ..sight(&state)
            };
            assert_eq!(judge(&sight), Verdict::Wait("Updating".into()));
        }
    }

    #[test]
    fn what_is_as_it_should_be_is_in_place_unless_azure_failed_at_it() {
        let at_home = |state| Sight {
            has_desired: true,
            ..sight(state)
        };
        assert_eq!(judge(&at_home(&State::Settled)), Verdict::InPlace);
        let failed = State::Failed("Failed".into());
        assert_eq!(judge(&at_home(&failed)), Verdict::Broken("Failed".into()));
        let change = Verdict::Change(Cause::Schedule);
        assert_eq!(
            judge(&sight(&failed)),
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
            judge(&Sight {
                record,
                ..sight(&settled)
            })
        };
        assert_eq!(with(None), Verdict::Change(Cause::Schedule));
        assert_eq!(with(Some(Size::One(1))), Verdict::Change(Cause::Schedule));
        assert_eq!(with(Some(Size::One(4))), Verdict::Change(Cause::Drift));
    }

    #[test]
    fn no_more_changes_than_allowed_are_made_within_an_hour() {
        let settled = State::Settled;
        let after = |within_an_hour| {
            let record = Record {
                within_an_hour,
                ..Record::default()
            };
            judge(&Sight {
                record,
                ..sight(&settled)
            })
        };
        assert_eq!(after(2), Verdict::Change(Cause::Schedule));
        assert_eq!(after(3), Verdict::HeldBack);
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
            judge(&Sight {
                mode: Mode::Shadow,
                record,
                ..sight(&settled)
            })
        };
        let would = |is_new| Verdict::WouldChange { is_new };
        assert_eq!(after(None), would(true));
        assert_eq!(after(Some((Size::One(1), Size::One(4)))), would(false));
        assert_eq!(after(Some((Size::One(2), Size::One(4)))), would(true));
    }
}
