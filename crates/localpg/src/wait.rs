//! Waiting for another process: look again until it is so, or the time is over.

use std::thread;
use std::time::{Duration, Instant};

/// How long a server may take to start, to recover or to stop, and a process to open a folder.
pub(crate) const PATIENCE: Duration = Duration::from_mins(1);

/// Between two looks. A server starts in 30 ms, and one look costs microseconds.
const PAUSE: Duration = Duration::from_millis(5);

/// What `look` found, as soon as it finds something; `None` when `limit` has passed.
pub(crate) fn until<T>(limit: Duration, mut look: impl FnMut() -> Option<T>) -> Option<T> {
    let deadline = Instant::now() + limit;
    loop {
        let late = Instant::now() >= deadline;
        let found = look();
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
    fn it_looks_until_something_is_there() {
        let mut looks = 0;
        let found = until(PATIENCE, || {
            looks += 1;
            (looks == 3).then_some("there")
        });
        assert_eq!((found, looks), (Some("there"), 3));
    }

    #[test]
    fn it_gives_up_but_looks_at_least_once() {
        let mut looks = 0;
        assert_eq!(
            until(Duration::ZERO, || {
                looks += 1;
                None::<()>
            }),
            None
        );
        assert_eq!(looks, 1);
    }
}
