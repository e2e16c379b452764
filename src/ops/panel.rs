//! The data of a panel, or why there is none.

use std::fmt::Display;
use std::time::Duration;

use futures_util::future::BoxFuture;

/// The data, or the reason for their absence.
pub(super) type Panel<T> = Result<T, String>;

/// The time limit of a panel: a little more than that of a health check, which ends by itself.
const DEADLINE: Duration = Duration::from_millis(2500);

/// Reads the data of a panel. `source` is the subject of the reason where the deadline passes.
pub(super) async fn read<T, E: Display>(
    source: &str,
    reading: BoxFuture<'_, Result<T, E>>,
) -> Panel<T> {
    match tokio::time::timeout(DEADLINE, reading).await {
        Ok(Ok(data)) => Ok(data),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err(format!(
            "{source} did not respond within {DEADLINE:?}; the page reads it again when it is loaded again"
        )),
    }
}
