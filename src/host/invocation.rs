//! A timer's call and what became of it, whatever carried it here.

use jiff::Timestamp;

/// One call of a timer function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invocation {
    /// The function's name, as its folder has it.
    pub function: String,
    /// The host's id of this call.
    pub id: String,
    /// Whether the host was late: the occurrence passed while nothing ran.
    pub is_past_due: bool,
    /// The occurrence that this call is for, where the host keeps a schedule's status. A call by hand
    /// without an input has the next one here: only the time tells it from a scheduled call.
    pub scheduled: Option<Timestamp>,
    /// The occurrence before it, where there was one.
    pub last: Option<Timestamp>,
    /// The host's clock when it called.
    pub called: Option<Timestamp>,
    /// Set when the host calls again after a failure.
    pub retry: Option<Retry>,
}

/// How often the host has tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retry {
    /// Tries before this one.
    pub count: u32,
    /// Tries at most, where the host says so.
    pub limit: Option<u32>,
}

/// What became of an invocation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// What was done, for people; the host shows these lines with the invocation when it
    /// succeeded.
    pub lines: Vec<String>,
    /// Why it failed, if it did.
    pub failure: Option<String>,
}

impl Outcome {
    /// All was done.
    pub fn succeeded(lines: Vec<String>) -> Outcome {
        Outcome {
            lines,
            failure: None,
        }
    }

    /// Not all was done.
    pub fn failed(lines: Vec<String>, failure: impl Into<String>) -> Outcome {
        Outcome {
            lines,
            failure: Some(failure.into()),
        }
    }
}
