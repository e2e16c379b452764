//! What a run of a timer leaves in the ledger.

use serde::{Deserialize, Serialize};

use super::super::Source;
use pgarchive::BackupId;

/// What became of each source.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::backup) struct Summary {
    pub(in crate::backup) sources: Vec<SourceRun>,
}

/// What became of one source.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::backup) struct SourceRun {
    /// Its name.
    pub(in crate::backup) source: String,
    /// How it ended.
    pub(in crate::backup) ending: Ending,
    /// The backup that was made or restored, if there is one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(in crate::backup) backup: Option<BackupId>,
    /// What was done, or why not.
    pub(in crate::backup) text: String,
}

/// How a source's part of a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(in crate::backup) enum Ending {
    /// All was done.
    Succeeded,
    /// All rows are in the backup, and not every object.
    Degraded,
    /// Nothing was done that counts.
    Failed,
}

impl SourceRun {
    pub(super) fn failed(source: &Source, reason: &impl ToString) -> SourceRun {
        SourceRun {
            source: source.name.to_string(),
            ending: Ending::Failed,
            backup: None,
            text: reason.to_string(),
        }
    }

    /// One line for people.
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
