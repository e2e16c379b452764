//! Waiting for another process, with a deadline.

use std::thread;
use std::time::{Duration, Instant};

/// For a server to start, to recover or to stop, and for a process to open a folder.
pub(crate) const TIMEOUT: Duration = Duration::from_mins(1);

/// Between two attempts. A server starts in 30 ms, and an attempt costs microseconds.
const PAUSE: Duration = Duration::from_millis(5);

/// Repeats `attempt` until it returns a value, or until `limit` has passed.
pub(crate) fn until<T>(limit: Duration, mut attempt: impl FnMut() -> Option<T>) -> Option<T> {
    let deadline = Instant::now() + limit;
    loop {
        let late = Instant::now() >= deadline;
        let found = attempt();
        if found.is_some() || late {
            return found;
        }
        thread::sleep(PAUSE);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attempts_are_repeated_until_one_succeeds() {
        let mut attempts = 0;
        let found = until(TIMEOUT, || {
            attempts += 1;
            (attempts == 3).then_some("there")
        });
        assert_eq!((found, attempts), (Some("there"), 3));
    }

    #[test]
    fn there_is_at_least_one_attempt() {
        let mut attempts = 0;
        assert_eq!(
            until(Duration::ZERO, || {
                attempts += 1;
                None::<()>
            }),
            None
        );
        assert_eq!(attempts, 1);
    }
}
