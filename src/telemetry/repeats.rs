//! Repeated failures: the first one is written, the others are counted.

use std::collections::HashMap;

use log::Level;

/// Two failures with the same values here are one repeated failure.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Failure {
    /// Warning or error.
    pub(super) level: Level,
    /// The module that logged it.
    pub(super) target: String,
    /// The message, without the record's fields.
    pub(super) message: String,
}

/// Maximum number of different failures that are counted. A failure whose messages all differ must not fill
/// the memory: above this number, each is written.
const LIMIT: usize = 1000;

/// The failures of the last few seconds.
#[derive(Default)]
pub(super) struct Repeats(HashMap<Failure, u64>);

impl Repeats {
    /// Returns true if this failure must be written now. If not, it was counted.
    pub(super) fn is_new(&mut self, failure: Failure) -> bool {
        if let Some(count) = self.0.get_mut(&failure) {
            *count += 1;
            return false;
        }
        if self.0.len() < LIMIT {
            self.0.insert(failure, 0);
        }
        true
    }

    /// The failures that repeated since the last call, with their numbers. A failure that did not repeat is
    /// removed, so its next occurrence is written immediately.
    pub(super) fn take(&mut self) -> Vec<(Failure, u64)> {
        self.0.retain(|_, count| *count > 0);
        let counts = self.0.iter_mut();
        counts
            .map(|(failure, count)| (failure.clone(), std::mem::take(count)))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(message: &str) -> Failure {
        Failure {
            level: Level::Error,
            target: "magnusapi".into(),
            message: message.into(),
        }
    }

    #[test]
    fn repeats_are_counted_until_a_failure_pauses() {
        let mut repeats = Repeats::default();
        let written = (0..1000).filter(|_| repeats.is_new(failure("a"))).count();
        assert_eq!(written, 1);
        assert!(repeats.is_new(failure("b")));
        assert_eq!(repeats.take(), [(failure("a"), 999)]);
        assert!(!repeats.is_new(failure("a")));
        assert_eq!(repeats.take(), [(failure("a"), 1)]);
        assert!(repeats.take().is_empty());
        assert!(repeats.is_new(failure("a")));
    }

    #[test]
    fn different_failures_are_stored_up_to_the_limit() {
        let mut repeats = Repeats::default();
        for number in 0..2 * LIMIT {
            assert!(repeats.is_new(failure(&number.to_string())));
        }
        assert_eq!(repeats.0.len(), LIMIT);
    }
}
