//! What became of a tick, for the ledger, for health and for people.

use serde::{Deserialize, Serialize};

use schedule::Size;

/// What became of a tick; a row's summary in the ledger. Of what is in place there is only the count:
/// there are many ticks, and may be many targets.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Summary {
    /// How many targets there are.
    pub(super) all: usize,
    /// Those that were not in place, by name.
    pub(super) targets: Vec<TargetRun>,
}

/// What became of one target.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct TargetRun {
    pub(super) target: String,
    pub(super) ending: Ending,
    pub(super) desired: Size,
    /// What decided.
    pub(super) rule: String,
    /// What Azure said first.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(super) actual: Option<Size>,
    /// What was done, or why not.
    pub(super) text: String,
}

/// How a target's part of a tick ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Ending {
    /// It was as it should be.
    InPlace,
    /// It was changed.
    Changed,
    /// A change was asked for and is not done yet, or Azure works on the target.
    UnderWay,
    /// It would have been changed.
    WouldChange,
    /// Another operation was in progress; the next tick tries again.
    #[serde(rename = "left")]
    Skipped,
    /// No resource is named for it.
    Unmanaged,
    /// It is not as it should be, and somebody should look.
    Failed,
}

impl Summary {
    /// What happened, for people.
    pub(super) fn lines(&self) -> Vec<String> {
        let others = self.targets.iter().map(TargetRun::line);
        others.chain([self.of_all()]).collect()
    }

    /// How many are as they should be at the end of the tick, and how many of them it has changed.
    fn of_all(&self) -> String {
        let changed = self.targets.iter();
        let changed = changed.filter(|run| run.ending == Ending::Changed).count();
        let good = self.all.saturating_sub(self.targets.len()) + changed;
        match (good, self.all, changed) {
            (_, 0, _) => "there is no target in the schedule: nothing to do".to_owned(),
            (1, 1, 0) => "the target is as it should be".to_owned(),
            (1, 1, _) => "the target is as it should be, changed by this tick".to_owned(),
            (_, all, 0) => format!("{good} of {all} targets are as they should be"),
            (_, all, _) => format!(
                "{good} of {all} targets are as they should be, {changed} of them changed by this tick"
            ),
        }
    }

    /// What failed, as one text, if anything did.
    pub(super) fn failure(&self) -> Option<String> {
        let failed = self.targets.iter();
        let failed = failed.filter(|run| run.ending == Ending::Failed);
        let failed: Vec<String> = failed.map(TargetRun::line).collect();
        (!failed.is_empty()).then(|| failed.join("; "))
    }
}

impl TargetRun {
    /// One line for people.
    pub(super) fn line(&self) -> String {
        let TargetRun {
            target,
            desired,
            rule,
            text,
            ..
        } = self;
        let failed = match self.ending {
            Ending::Failed => "failed: ",
            _ => "",
        };
        format!("{target}: {failed}should be {desired} by {rule}; {text}")
    }
}
