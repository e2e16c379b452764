//! The result of a call.

use jiff::Timestamp;
use serde::Serialize;

/// The result for each timer function.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// The instant for which slots were due.
    pub at: Timestamp,
    /// First the functions that had to run, the oldest slot first.
    pub functions: Vec<FunctionReport>,
}

/// The finding about a timer function, and the run that followed.
#[derive(Clone, Debug, Serialize)]
pub struct FunctionReport {
    pub function: &'static str,
    pub found: Found,
    /// The slot that had to run, or that is running.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub slot: Option<Timestamp>,
    /// The slots that the run makes up for, at most [`MOST_SLOTS`](super::plan::MOST_SLOTS).
    pub missed_slots: usize,
    pub outcome: RunOutcome,
    /// The duration of the run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seconds: Option<f64>,
    /// The reason of the outcome.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// The work of the run, for people.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub lines: Vec<String>,
}

/// The state before the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Found {
    /// Slots were due and did not run.
    Missed,
    /// The last run failed.
    Failed,
    /// The last run did not finish, because the program stopped.
    Interrupted,
    /// The process of the last run ended before the run.
    Stopped,
    /// A run is under way.
    Running,
    /// No run was due.
    Nothing,
    /// The host does not run the function, or another scheduler does.
    Off,
}

/// The result of the call for a function.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum RunOutcome {
    Succeeded,
    Failed,
    /// The run continues after the response, or another invocation executes it.
    Running,
    /// There was no time for the run; the next call starts it.
    Left,
    /// The slot failed a short time ago; a later call runs it.
    Postponed,
    /// There was nothing to do.
    Nothing,
}

impl Report {
    pub fn has(&self, outcome: RunOutcome) -> bool {
        self.functions.iter().any(|it| it.outcome == outcome)
    }
}

impl FunctionReport {
    /// A report without a run.
    pub(super) fn idle(
        function: &'static str,
        found: Found,
        detail: Option<String>,
    ) -> FunctionReport {
        FunctionReport {
            function,
            found,
            slot: None,
            missed_slots: 0,
            outcome: RunOutcome::Nothing,
            seconds: None,
            detail,
            lines: Vec::new(),
        }
    }
}
