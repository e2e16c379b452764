//! The result of a tick, for the ledger, for health and for people.

use serde::{Deserialize, Serialize};

use schedule::Size;

/// The result of a tick, as the ledger stores it. There are many ticks and can be many targets, so those in
/// place are only counted.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Summary {
    /// The number of all targets.
    pub(super) all: usize,
    /// The targets that were not in place, by name.
    pub(super) targets: Vec<TargetRun>,
}

/// The result for one target.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct TargetRun {
    pub(super) target: String,
    pub(super) ending: Ending,
    pub(super) desired: Size,
    pub(super) rule: String,
    /// The size that the tick last read.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(super) actual: Option<Size>,
    /// The action, or the reason for none.
    pub(super) text: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Ending {
    /// It had its desired size.
    InPlace,
    Changed,
    /// A change is in progress.
    UnderWay,
    /// Shadow mode, or a dry run.
    WouldChange,
    /// Another operation was in progress; the next tick tries again.
    #[serde(rename = "left")]
    Skipped,
    /// It has no resource.
    Unmanaged,
    /// An operator must act.
    Failed,
}

impl Summary {
    /// For people.
    pub(super) fn lines(&self) -> Vec<String> {
        let others = self.targets.iter().map(TargetRun::line);
        others.chain([self.of_all()]).collect()
    }

    /// The number of targets with their size at the end of the tick, and how many of them it changed.
    fn of_all(&self) -> String {
        let changed = self.targets.iter();
        let changed = changed.filter(|run| run.ending == Ending::Changed).count();
        let good = self.all.saturating_sub(self.targets.len()) + changed;
        match (good, self.all, changed) {
            (_, 0, _) => "the schedule has no targets: nothing to do".to_owned(),
            (1, 1, 0) => "the target has its size".to_owned(),
            (1, 1, _) => "the target has its size, changed by this tick".to_owned(),
            (_, all, 0) => format!("{good} of {all} targets have their size"),
            (_, all, _) => {
                format!(
                    "{good} of {all} targets have their size, {changed} of them changed by this tick"
                )
            }
        }
    }

    /// All failures as one text.
    pub(super) fn failure(&self) -> Option<String> {
        let failed = self.targets.iter();
        let failed = failed.filter(|run| run.ending == Ending::Failed);
        let failed: Vec<String> = failed.map(TargetRun::line).collect();
        (!failed.is_empty()).then(|| failed.join("; "))
    }
}

impl TargetRun {
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
