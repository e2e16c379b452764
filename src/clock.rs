//! The clock, which code receives as an argument, and values that last for a minute of it.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::Mutex;

/// Returns the current time.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// The machine's clock.
pub fn system() -> Clock {
    Arc::new(Timestamp::now)
}

/// A value that is made at most once a minute: probes ask for it more often than it changes.
pub(crate) struct Cached<T>(Mutex<Option<(Timestamp, T)>>);

impl<T> Default for Cached<T> {
    fn default() -> Cached<T> {
        Cached(Mutex::new(None))
    }
}

/// The age at which it is made again.
const OLD: SignedDuration = SignedDuration::from_mins(1);

impl<T: Clone> Cached<T> {
    /// The last value, or the one that `make` returns if that is old. Callers at the same time share it.
    pub(crate) async fn get<E>(
        &self,
        now: Timestamp,
        make: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        let mut last = self.0.lock().await;
        match &*last {
            Some((at, value)) if now.duration_since(*at).abs() < OLD => Ok(value.clone()),
            _ => {
                let value = make.await?;
                *last = Some((now, value.clone()));
                Ok(value)
            }
        }
    }

    /// The next caller makes it again.
    pub(crate) async fn forget(&self) {
        *self.0.lock().await = None;
    }
}
