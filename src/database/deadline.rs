//! The one deadline of a request, and the part of it that may pass without a connection.

use std::time::{Duration, Instant};

/// How long work on the database may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Limits {
    /// For the schema and a connection.
    pub(super) wait: Duration,
    /// For one statement.
    pub(super) statement: Duration,
    /// For all of it, from the start.
    pub(super) whole: Duration,
}

/// The time at which a request ends, with or without a result.
///
/// It is made once, when the request first needs the database, and every wait, every connection and
/// every statement of the request ends by it.
///
/// Of two deadlines, the later one is the greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Deadline {
    whole: Instant,
    connected: Instant,
    limits: Limits,
}

impl Deadline {
    /// From now on.
    pub(super) fn start(limits: Limits) -> Deadline {
        let now = Instant::now();
        Deadline {
            limits,
            connected: now + limits.wait.min(limits.whole),
            whole: now + limits.whole,
        }
    }

    /// The same for another attempt, which may wait for a connection anew.
    #[must_use]
    pub fn for_another_attempt(self) -> Deadline {
        Deadline {
            connected: (Instant::now() + self.limits.wait).min(self.whole),
            ..self
        }
    }

    /// Until when there must be a connection.
    pub fn connected(self) -> Instant {
        self.connected
    }

    /// Until when there must be a result.
    pub fn whole(self) -> Instant {
        self.whole
    }

    /// How long the request may take from its start.
    pub fn length(self) -> Duration {
        self.limits.whole
    }

    /// The most that a statement may take if it starts now.
    pub(super) fn statement(self) -> Duration {
        let remaining = self.whole.saturating_duration_since(Instant::now());
        remaining.min(self.limits.statement)
    }
}
