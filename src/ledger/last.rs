//! The last runs of all functions, with their details.

use std::collections::BTreeSet;

use jiff::Timestamp;
use tokio_postgres::types::{ToSql, Type};

use super::Ledger;
use super::claim::lock_name;
use super::recent::{RecentRun, RunState, recent_run};
use crate::database::{Error, Statement, instant};

/// A run that has a result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PastRun {
    pub slot: Timestamp,
    pub has_succeeded: bool,
    /// Its details, as JSON.
    pub summary: String,
}

impl Ledger {
    /// The runs of `function` that have a result, for slots since `since`, the oldest first.
    pub async fn finished_since(
        &self,
        function: &str,
        since: Timestamp,
    ) -> Result<Vec<PastRun>, Error> {
        let values: [&(dyn ToSql + Sync); 2] = [&function, &since.to_string()];
        let rows = self.database.read(&FINISHED_SINCE, &values).await?;
        let runs = rows.iter().map(|row| PastRun {
            slot: instant(row, "slot"),
            has_succeeded: row.get("has_succeeded"),
            summary: row.get("summary"),
        });
        Ok(runs.collect())
    }

    /// The last runs by their start, the newest first, each with its function.
    pub async fn last(&self, limit: i64) -> Result<Vec<(String, RecentRun)>, Error> {
        let first = self.read_last(limit).await?;
        if first.iter().all(|(_, run)| run.state != RunState::Stopped) {
            return Ok(first);
        }
        // One query reads the rows before the locks. A run that finished between the two looks stopped, and a
        // second query finds its result.
        self.read_last(limit).await
    }

    async fn read_last(&self, limit: i64) -> Result<Vec<(String, RecentRun)>, Error> {
        let rows = self.database.read(&LAST, &[&limit, &lock_name("")]).await?;
        let mut seen = BTreeSet::new();
        let runs = rows.iter().map(|row| {
            let function: String = row.get("function");
            let is_newest = seen.insert(function.clone());
            (function, recent_run(row, is_newest))
        });
        Ok(runs.collect())
    }
}

/// The lock is that of [`Database::try_lock`](crate::database::Database::try_lock).
const LAST: Statement = Statement {
    sql: "WITH held AS (
              SELECT (classid::bigint << 32) | objid::bigint AS key
                FROM pg_locks
               WHERE locktype = 'advisory' AND objsubid = 1 AND granted
                 AND database = (SELECT oid FROM pg_database WHERE datname = current_database())),
          last AS (SELECT * FROM function_run ORDER BY started_at DESC LIMIT $1)
          SELECT function, (extract(epoch FROM slot) * 1000000)::bigint AS slot, attempt,
                 invocation_id, (extract(epoch FROM started_at) * 1000000)::bigint AS started,
                 (extract(epoch FROM finished_at) * 1000000)::bigint AS finished,
                 outcome, failure, degraded,
                 coalesce(summary ->> 'interrupted' = 'true', false) AS is_interrupted,
                 hashtextextended($2 || function, 0) IN (SELECT key FROM held) AS is_locked
            FROM last
           ORDER BY started_at DESC",
    types: &[Type::INT8, Type::TEXT],
};

const FINISHED_SINCE: Statement = Statement {
    sql: "SELECT (extract(epoch FROM slot) * 1000000)::bigint AS slot,
                 outcome = 'succeeded' AS has_succeeded, summary::text AS summary
            FROM function_run
           WHERE function = $1 AND slot >= $2::timestamptz AND outcome IS NOT NULL
           ORDER BY function_run.slot",
    types: &[Type::TEXT, Type::TEXT],
};
