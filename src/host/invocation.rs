//! A call of a timer and its outcome, independent of the transport.

use jiff::Timestamp;
use uuid::Uuid;

/// One call of a timer function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invocation {
    /// The function, by the name of its folder.
    pub function: String,
    /// The host's id of this call.
    pub id: String,
    /// The occurrence of this call, if the host stores a schedule's status. A call by hand without an input
    /// has the next occurrence here: only the time distinguishes it from a scheduled call.
    pub scheduled: Option<Timestamp>,
    /// The host's clock at the call.
    pub called: Option<Timestamp>,
}

impl Invocation {
    /// A call without a host, whose slot is the instant of its run.
    pub fn by_hand(function: String) -> Invocation {
        Invocation {
            function,
            id: Uuid::new_v4().to_string(),
            scheduled: None,
            called: None,
        }
    }
}

/// Whether an invocation executed its slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Handling {
    Executed,
    /// An invocation before it did.
    Before,
    /// Another invocation of the function is running.
    Elsewhere,
}

/// The outcome of an invocation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    pub handling: Handling,
    /// The actions of the function, for people. If it succeeded, the host shows these lines with the invocation.
    pub lines: Vec<String>,
    /// The reason of a failure.
    pub failure: Option<String>,
}

impl Outcome {
    pub fn succeeded(lines: Vec<String>) -> Outcome {
        Outcome {
            handling: Handling::Executed,
            lines,
            failure: None,
        }
    }

    /// There was nothing to do, for this reason.
    pub fn handled(handling: Handling, reason: String) -> Outcome {
        Outcome {
            handling,
            ..Outcome::succeeded(vec![reason])
        }
    }

    pub fn failed(lines: Vec<String>, failure: impl Into<String>) -> Outcome {
        Outcome {
            handling: Handling::Executed,
            lines,
            failure: Some(failure.into()),
        }
    }
}
