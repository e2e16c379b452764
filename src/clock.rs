//! The time, as an argument: whoever needs it is handed a clock.

use std::sync::Arc;

use jiff::Timestamp;

/// Answers what time it is.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// The machine's own clock.
pub fn system() -> Clock {
    Arc::new(Timestamp::now)
}
