//! Failures that repeat: the first one is written, the others are counted.

use std::collections::HashMap;

use log::Level;

/// What makes two failures the same.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Failure {
    /// Warning or error.
    pub(super) level: Level,
    /// The module that reports it.
    pub(super) target: String,
    /// The message, without the record's fields.
    pub(super) message: String,
}

/// Different failures that are counted at a time. A failure whose messages all differ must not fill
/// the memory: beyond this number each is written.
const LIMIT: usize = 1000;

/// The failures of the last few seconds.
#[derive(Default)]
pub(super) struct Repeats(HashMap<Failure, u64>);

impl Repeats {
    /// Whether this failure is to be written now. If not, it was counted.
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

    /// The failures that repeated since the last call, and how often. One that did not repeat is
    /// forgotten, so its next occurrence is written at once.
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
    fn the_first_is_written_the_others_are_counted_and_a_quiet_one_is_new_again() {
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
    fn failures_that_all_differ_take_no_more_memory_than_the_limit() {
        let mut repeats = Repeats::default();
        for number in 0..2 * LIMIT {
            assert!(repeats.is_new(failure(&number.to_string())));
        }
        assert_eq!(repeats.0.len(), LIMIT);
    }
}
