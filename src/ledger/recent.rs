//! The last runs of timers, for the health check.

use std::collections::BTreeMap;

use jiff::Timestamp;
use tokio_postgres::Row;
use tokio_postgres::types::{ToSql, Type};

use super::Ledger;
use super::claim::lock_name;
use crate::database::{Error, Statement, instant, optional_instant};

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
        let first = self.read_recent(functions).await?;
        if !has_stopped(&first) {
            return Ok(first);
        }
        // One query reads the rows before the locks. A run that finished between the two looks stopped.
        // A second query finds its result. A run that is stopped in both queries is stopped.
        let mut second = self.read_recent(functions).await?;
        for (function, runs) in &mut second {
            for run in runs.iter_mut().filter(|it| it.state == RunState::Stopped) {
                let before = first.get(function).into_iter().flatten();
                let is_same = |it: &&RecentRun| it.slot == run.slot && it.attempt == run.attempt;
                if before
                    .filter(is_same)
                    .all(|it| it.state != RunState::Stopped)
                {
                    run.state = RunState::Running;
                }
            }
        }
        Ok(second)
    }

    async fn read_recent(&self, functions: &[&str]) -> Result<RecentRuns, Error> {
        let locks: Vec<String> = functions.iter().map(|it| lock_name(it)).collect();
        let rows = self.database.read(&RECENT, &[&functions, &locks]).await?;
        let mut all = RecentRuns::new();
        for row in &rows {
            let runs = all.entry(row.get("function")).or_default();
            // The newest row is the first.
            let is_newest = runs.is_empty();
            runs.push(recent_run(row, is_newest));
        }
        Ok(all)
    }

    /// When each timer got its current schedule. `schedules` has pairs of function and schedule. A new
    /// schedule is stored and counts from `now`.
    pub async fn scheduled_since(
        &self,
        schedules: &[(&str, &str)],
        now: Timestamp,
    ) -> Result<BTreeMap<String, Timestamp>, Error> {
        let rows = self.database.read(&SCHEDULES, &[]).await?;
        let stored = |function: &str, schedule: &str| {
            let is_same = |row: &&Row| {
                row.get::<_, &str>("function") == function
                    && row.get::<_, &str>("schedule") == schedule
            };
            rows.iter().find(is_same).map(|row| instant(row, "since"))
        };
        let mut since = BTreeMap::new();
        let (mut functions, mut changed) = (Vec::new(), Vec::new());
        for (function, schedule) in schedules {
            let stored = stored(function, schedule);
            since.insert((*function).to_owned(), stored.unwrap_or(now));
            if stored.is_none() {
                functions.push(*function);
                changed.push(*schedule);
            }
        }
        if !changed.is_empty() {
            let values: [&(dyn ToSql + Sync); 3] = [&functions, &changed, &now.to_string()];
            self.database.write(&CHANGE_SCHEDULES, &values).await?;
        }
        Ok(since)
    }
}

/// Only the newest run of a function can hold its lock.
pub(super) fn recent_run(row: &Row, is_newest: bool) -> RecentRun {
    RecentRun {
        slot: instant(row, "slot"),
        attempt: row.get("attempt"),
        invocation_id: row.get("invocation_id"),
        started: instant(row, "started"),
        finished: optional_instant(row, "finished"),
        state: RunState::of(row, is_newest && row.get("is_locked")),
    }
}

impl RunState {
    /// The state of a row with the columns `outcome`, `failure`, `degraded` and `is_interrupted`. `is_running` is whether its
    /// run has the function's lock.
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

fn has_stopped(runs: &RecentRuns) -> bool {
    let mut all = runs.values().flatten();
    all.any(|run| run.state == RunState::Stopped)
}

/// The number of rows is above every timer's limit of failures in a row. The lock is that of
/// [`Database::try_lock`](crate::database::Database::try_lock).
const RECENT: Statement = Statement {
    sql: "WITH held AS (
              SELECT (classid::bigint << 32) | objid::bigint AS key
                FROM pg_locks
               WHERE locktype = 'advisory' AND objsubid = 1 AND granted
                 AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))
          SELECT wanted.function, (extract(epoch FROM run.slot) * 1000000)::bigint AS slot,
                 run.attempt, (extract(epoch FROM run.started_at) * 1000000)::bigint AS started,
                 (extract(epoch FROM run.finished_at) * 1000000)::bigint AS finished,
                 run.invocation_id, run.outcome, run.failure, run.degraded,
                 coalesce(run.summary ->> 'interrupted' = 'true', false) AS is_interrupted,
                 hashtextextended(wanted.lock, 0) IN (SELECT key FROM held) AS is_locked
            FROM unnest($1, $2) AS wanted (function, lock)
           CROSS JOIN LATERAL (
                 SELECT * FROM function_run
                  WHERE function = wanted.function
                  ORDER BY slot DESC
                  LIMIT 10) AS run
           ORDER BY wanted.function, run.started_at DESC",
    types: &[Type::TEXT_ARRAY, Type::TEXT_ARRAY],
};

const SCHEDULES: Statement = Statement {
    sql: "SELECT function, schedule, (extract(epoch FROM since) * 1000000)::bigint AS since
            FROM function_schedule",
    types: &[],
};

const CHANGE_SCHEDULES: Statement = Statement {
    sql: "INSERT INTO function_schedule AS known (function, schedule, since)
          SELECT function, schedule, $3::timestamptz
            FROM unnest($1, $2) AS changed (function, schedule)
              ON CONFLICT (function) DO UPDATE
             SET schedule = excluded.schedule, since = excluded.since
           WHERE known.schedule <> excluded.schedule",
    types: &[Type::TEXT_ARRAY, Type::TEXT_ARRAY, Type::TEXT],
};
