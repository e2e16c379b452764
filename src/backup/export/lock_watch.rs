//! Watches for sessions that wait for the export's locks.
//!
//! The locks conflict only with a session that changes a table, but every other session queues behind that
//! one. Postfacto migrates its database whenever it starts, so one waiting session can stop all of Postfacto.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::error::{ExportError, when};
use crate::database::Session;

/// The time between two queries, which is short compared with the longest wait.
const INTERVAL: Duration = Duration::from_millis(200);

/// Watches until a session has waited `longest` for one of `ours`, and returns the error that names it.
pub(super) async fn run(session: &Session, ours: &[i32], longest: Duration) -> ExportError {
    let mut since: Option<Instant> = None;
    loop {
        let found = match session.query_opt(WAITING, &[&ours]).await {
            Ok(found) => found,
            Err(error) => return when("list the sessions that wait for a lock")(error),
        };
        match (found, since) {
            (None, _) => since = None,
            (Some(_), None) => since = Some(Instant::now()),
            (Some(row), Some(since)) if since.elapsed() >= longest => {
                return ExportError::Yielded {
                    process: row.get("pid"),
                    statement: row.get("statement"),
                    waited: since.elapsed(),
                };
            }
            (Some(_), Some(_)) => {}
        }
        sleep(INTERVAL).await;
    }
}

/// Every role sees all of `pg_locks`, but not all of `pg_stat_activity`. `pg_blocking_pids` stops all locking
/// for a moment, so the query calls it only for processes that wait; OFFSET 0 enforces that.
const WAITING: &str = "\
    SELECT w.pid, coalesce(left(a.query, 100), '') AS statement
      FROM (SELECT DISTINCT pid FROM pg_locks WHERE NOT granted AND pid <> ALL ($1) OFFSET 0) w
      LEFT JOIN pg_stat_activity a ON a.pid = w.pid
     WHERE pg_blocking_pids(w.pid) && $1
     ORDER BY 1
     LIMIT 1";
