//! Pauses between logins that the server rejects.
//!
//! A wrong password stays wrong, and every login costs the server a process and a line of its log.
//! So after a rejection one login in each pause finds out whether it still holds, and the others
//! fail at once with what the server said last.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// The first pause; each further rejection doubles it.
const FIRST: Duration = Duration::from_millis(250);

/// Short enough that a role that was mended is noticed soon.
const LONGEST: Duration = Duration::from_secs(5);

/// The last rejection, until a login succeeds.
#[derive(Default)]
pub(super) struct Rejections {
    last: Mutex<Option<Rejection>>,
}

struct Rejection {
    reason: String,
    pause: Duration,
    due: Instant,
}

impl Rejections {
    /// The last rejection's reason, while no login is due. Where one is due, it is the caller's.
    pub(super) fn hold_back(&self) -> Option<String> {
        let mut last = self.last();
        let rejection = last.as_mut()?;
        let now = Instant::now();
        if now < rejection.due {
            return Some(rejection.reason.clone());
        }
        rejection.due = now + rejection.pause;
        None
    }

    pub(super) fn rejected(&self, reason: String) {
        let mut last = self.last();
        let longer = |it: &Rejection| (it.pause * 2).min(LONGEST);
        let pause = last.as_ref().map_or(FIRST, longer);
        let due = Instant::now() + pause;
        *last = Some(Rejection { reason, pause, due });
    }

    pub(super) fn accepted(&self) {
        *self.last() = None;
    }

    fn last(&self) -> MutexGuard<'_, Option<Rejection>> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
