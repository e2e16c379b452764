//! Waiting for an operation in the cloud.

use std::thread;
use std::time::{Duration, Instant};

/// The first pause, which doubles up to [`LONGEST`].
const FIRST: Duration = Duration::from_millis(100);
const LONGEST: Duration = Duration::from_secs(5);

/// The failure of an attempt.
pub(super) enum Attempt {
    /// Another attempt may succeed.
    NotYet(anyhow::Error),
    /// No attempt will succeed.
    Never(anyhow::Error),
}

/// Repeats `attempt` until it succeeds, cannot succeed, or `timeout` is over.
pub(super) fn until<T>(
    timeout: Duration,
    mut attempt: impl FnMut() -> Result<T, Attempt>,
) -> anyhow::Result<T> {
    let begin = Instant::now();
    let mut pause = FIRST;
    loop {
        match attempt() {
            Ok(value) => return Ok(value),
            Err(Attempt::Never(error)) => return Err(error),
            Err(Attempt::NotYet(error)) if begin.elapsed() + pause > timeout => {
                return Err(error.context(format!("not within {} s", timeout.as_secs())));
            }
            Err(Attempt::NotYet(_)) => thread::sleep(pause),
        }
        pause = (pause * 2).min(LONGEST);
    }
}
