//! The last runs of timers, for the health check and for people.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use tokio_postgres::Row;

use super::Ledger;
use super::claim::lock_name;
use crate::database::{Error, Parameter};

/// A run that began.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecentRun {
    pub slot: Timestamp,
    /// The start of the last attempt.
    pub started: Timestamp,
    /// Where the last attempt has a result.
    pub finished: Option<Timestamp>,
    /// The state of the last attempt.
    pub state: RunState,
    /// The number of the last attempt, from 1.
    pub attempt: i32,
    /// The invocation of the last attempt.
    pub invocation_id: String,
}

impl RecentRun {
    /// A first attempt.
    #[cfg(test)]
    pub(crate) fn new(slot: Timestamp, started: Timestamp, state: RunState) -> RecentRun {
        RecentRun {
            slot,
            started,
            finished: None,
            state,
            attempt: 1,
            invocation_id: "one".to_owned(),
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RunState {
    /// It has the function's lock.
    Running,
    /// It began and has no result, and the lock is free: its process died.
    Stopped,
    Succeeded,
    /// It failed for this reason, and everything essential was done.
    Degraded(String),
    /// It failed for this reason.
    Failed(String),
    /// It did not finish, because the program stopped.
    Interrupted(String),
}

/// The last runs of each function, the newest first.
pub type RecentRuns = BTreeMap<String, Vec<RecentRun>>;

impl Ledger {
    /// The last runs of these functions, without functions that never ran.
    pub async fn recent(&self, functions: &[&str]) -> Result<RecentRuns, Error> {
        let mut recent = RecentRuns::new();
        for (function, run) in self.runs(RECENT, &functions).await? {
            recent.entry(function).or_default().push(run);
        }
        Ok(recent)
    }

    /// The last runs by their start, the newest first, each with its function.
    pub async fn last(&self, limit: i64) -> Result<Vec<(String, RecentRun)>, Error> {
        self.runs(LAST, &limit).await
    }

    /// One query reads the rows before the locks. A run that finished between the two looks stopped, and a second
    /// query finds its result. A run that is stopped in both queries is stopped.
    async fn runs(
        &self,
        statement: &str,
        selected: &dyn Parameter,
    ) -> Result<Vec<(String, RecentRun)>, Error> {
        let first = self.read_runs(statement, selected).await?;
        if first.iter().all(|(_, run)| run.state != RunState::Stopped) {
            return Ok(first);
        }
        let mut second = self.read_runs(statement, selected).await?;
        for (function, run) in &mut second {
            let was_stopped = first.iter().any(|(name, it)| {
                let is_same = name == function && it.slot == run.slot && it.attempt == run.attempt;
                is_same && it.state == RunState::Stopped
            });
            if run.state == RunState::Stopped && !was_stopped {
                run.state = RunState::Running;
            }
        }
        Ok(second)
    }

    async fn read_runs(
        &self,
        statement: &str,
        selected: &dyn Parameter,
    ) -> Result<Vec<(String, RecentRun)>, Error> {
        let rows = self
            .database
            .read(statement, &[selected, &lock_name("")])
            .await?;
        let mut seen = BTreeSet::new();
        let runs = rows.iter().map(|row| {
            let function: String = row.get("function");
            let is_newest = seen.insert(function.clone());
            (function, recent_run(row, is_newest))
        });
        Ok(runs.collect())
    }
}

/// Only the newest run of a function can hold its lock.
fn recent_run(row: &Row, is_newest: bool) -> RecentRun {
    RecentRun {
        slot: row.get("slot"),
        attempt: row.get("attempt"),
        invocation_id: row.get("invocation_id"),
        started: row.get("started_at"),
        finished: row.get("finished_at"),
        state: RunState::of(row, is_newest && row.get("is_locked")),
    }
}

impl RunState {
    /// `is_running` is whether the run has the function's lock.
    fn of(row: &Row, is_running: bool) -> RunState {
        let failure: Option<String> = row.get("failure");
        let failure = failure.unwrap_or_else(|| "see the log".to_owned());
        match row.get("outcome") {
            None if is_running => RunState::Running,
            None => RunState::Stopped,
            Some("succeeded") => RunState::Succeeded,
            Some(_) if row.get("degraded") => RunState::Degraded(failure),
            Some(_) if row.get("is_interrupted") => RunState::Interrupted(failure),
            Some(_) => RunState::Failed(failure),
        }
    }
}

/// A statement that returns the runs of a query, the newest first. `$1` is the query's, and `$2` the beginning of
/// the names of locks, which are those of [`Database::try_lock`](crate::database::Database::try_lock).
macro_rules! runs {
    ($query:literal) => {
        concat!(
            "WITH held AS (
                 SELECT (classid::bigint << 32) | objid::bigint AS key
                   FROM pg_locks
                  WHERE locktype = 'advisory' AND objsubid = 1 AND granted
                    AND database = (
                        SELECT oid FROM pg_database WHERE datname = current_database()))
             SELECT function, slot, attempt, invocation_id, started_at, finished_at, outcome,
                    failure, degraded,
                    coalesce(summary ->> 'interrupted' = 'true', false) AS is_interrupted,
                    hashtextextended($2 || function, 0) IN (SELECT key FROM held) AS is_locked
               FROM (",
            $query,
            ") AS run
              ORDER BY started_at DESC"
        )
    };
}

/// The number of rows is above every timer's limit of failures in a row.
const RECENT: &str = runs!(
    "SELECT run.* FROM unnest($1) AS wanted (function)
      CROSS JOIN LATERAL (
            SELECT * FROM function_run
             WHERE function = wanted.function
             ORDER BY slot DESC
             LIMIT 10) AS run"
);

const LAST: &str = runs!("SELECT * FROM function_run ORDER BY started_at DESC LIMIT $1");
