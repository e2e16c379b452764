//! The result of a timer's run, as the ledger stores it.

use serde::{Deserialize, Serialize};

use super::super::Source;
use pgarchive::BackupId;

/// The result for each source.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::backup) struct Summary {
    pub(in crate::backup) sources: Vec<SourceRun>,
}

/// The result for one source.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::backup) struct SourceRun {
    pub(in crate::backup) source: String,
    pub(in crate::backup) ending: Ending,
    /// The backup that was made or restored, if there is one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(in crate::backup) backup: Option<BackupId>,
    /// A description of the work, or the reason of a failure.
    pub(in crate::backup) text: String,
}

/// How a source's part of a run ended, the best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Ending {
    Succeeded,
    /// All rows are in the backup, and not every object.
    Degraded,
    Failed,
}

impl SourceRun {
    pub(super) fn new(
        source: &Source,
        ending: Ending,
        backup: Option<BackupId>,
        text: String,
    ) -> SourceRun {
        SourceRun {
            source: source.name.to_string(),
            ending,
            backup,
            text,
        }
    }

    pub(super) fn failed(source: &Source, reason: &impl ToString) -> SourceRun {
        SourceRun::new(source, Ending::Failed, None, reason.to_string())
    }

    /// One line of the log.
    pub(super) fn line(&self) -> String {
        let ending = match self.ending {
            Ending::Succeeded => "",
            Ending::Degraded => "degraded: ",
            Ending::Failed => "failed: ",
        };
        match &self.backup {
            Some(backup) => format!("{}/{backup}: {ending}{}", self.source, self.text),
            None => format!("{}: {ending}{}", self.source, self.text),
        }
    }
}
