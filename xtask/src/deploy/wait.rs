//! Waiting for something that takes a while in the cloud.

use std::thread;
use std::time::{Duration, Instant};

/// The first pause, which doubles up to [`LONGEST`].
const FIRST: Duration = Duration::from_millis(100);
const LONGEST: Duration = Duration::from_secs(5);

/// What an attempt came to, if it is not there yet.
pub(super) enum Attempt {
    /// This may pass.
    NotYet(anyhow::Error),
    /// This will not.
    Never(anyhow::Error),
}

/// Tries until it succeeds, cannot, or has taken longer than `patience`.
pub(super) fn until<T>(
    patience: Duration,
    mut attempt: impl FnMut() -> Result<T, Attempt>,
) -> anyhow::Result<T> {
    let begin = Instant::now();
    let mut pause = FIRST;
    loop {
        match attempt() {
            Ok(value) => return Ok(value),
            Err(Attempt::Never(error)) => return Err(error),
            Err(Attempt::NotYet(error)) if begin.elapsed() + pause > patience => {
                return Err(error.context(format!("not within {} s", patience.as_secs())));
            }
            Err(Attempt::NotYet(_)) => thread::sleep(pause),
        }
        pause = (pause * 2).min(LONGEST);
    }
}
