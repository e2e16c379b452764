//! Who waits for us, and for how long.
//!
//! Our locks stop nobody but who changes a table; yet everyone else queues up behind him. Postfacto
//! migrates its database whenever it starts, so that somebody who waits for us may be all of it.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::error::{ExportError, when};
use crate::database::Session;

/// How often is it asked? So often that giving way takes little longer than the patience lasts.
const LOOK: Duration = Duration::from_millis(200);

/// Watches until somebody has waited too long for one of our sessions, and answers with the error that
/// says so.
pub(super) async fn run_out(session: &Session, ours: &[i32], patience: Duration) -> ExportError {
    let mut since: Option<Instant> = None;
    loop {
        let found = match session.query_opt(WAITING, &[&ours]).await {
            Ok(found) => found,
            Err(error) => return when("say who waits for a lock")(error),
        };
        match (found, since) {
            (None, _) => since = None,
            (Some(_), None) => since = Some(Instant::now()),
            (Some(row), Some(since)) if since.elapsed() >= patience => {
                return ExportError::GaveWay {
                    process: row.get("pid"),
                    statement: row.get("statement"),
                    waited: since.elapsed(),
                };
            }
            (Some(_), Some(_)) => {}
        }
        sleep(LOOK).await;
    }
}

/// `pg_locks` shows everything to everyone, and `pg_stat_activity` does not. `pg_blocking_pids` stops
/// all locking for a moment: it is asked about those alone that wait, which OFFSET sees to.
const WAITING: &str = "\
    SELECT w.pid, coalesce(left(a.query, 100), '') AS statement
      FROM (SELECT DISTINCT pid FROM pg_locks WHERE NOT granted AND pid <> ALL ($1) OFFSET 0) w
      LEFT JOIN pg_stat_activity a ON a.pid = w.pid
     WHERE pg_blocking_pids(w.pid) && $1
     ORDER BY 1
     LIMIT 1";
