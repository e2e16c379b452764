//! The stop signals: Ctrl-C, SIGTERM and SIGHUP.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context;

/// Whether a stop was requested.
#[derive(Clone, Default)]
pub(super) struct Stop(Arc<(Mutex<bool>, Condvar)>);

impl Stop {
    /// From now on, a signal is recorded and does not end this process at once.
    pub(super) fn listen() -> anyhow::Result<Self> {
        let stop = Self::default();
        let recorded = stop.clone();
        ctrlc::set_handler(move || recorded.request()).context("cannot listen for Ctrl-C")?;
        Ok(stop)
    }

    pub(super) fn is_requested(&self) -> bool {
        *self.0.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until a stop is requested, at most for `time`.
    pub(super) fn wait(&self, time: Duration) {
        let requested = self.0.0.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self
            .0
            .1
            .wait_timeout_while(requested, time, |requested| !*requested);
        drop(waited);
    }

    fn request(&self) {
        *self.0.0.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.0.1.notify_all();
    }
}
