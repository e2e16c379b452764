//! How the last runs of timers ended, for people who ask whether the timers work.

use std::collections::BTreeMap;

use jiff::Timestamp;
use tokio_postgres::Row;
use tokio_postgres::types::Type;

use super::Ledger;
use super::claim::lock_name;
use crate::database::{Error, Statement, instant};

/// A run that began.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recent {
    /// The slot it is for.
    pub slot: Timestamp,
    /// When its last attempt began.
    pub started: Timestamp,
    /// How that attempt stands.
    pub state: State,
    attempt: i32,
}

impl Recent {
    /// A first attempt.
    #[cfg(test)]
    pub(crate) fn new(slot: Timestamp, started: Timestamp, state: State) -> Recent {
        Recent {
            slot,
            started,
            state,
            attempt: 1,
        }
    }
}

/// How an attempt stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// It goes on: the function's lock is held.
    Running,
    /// It began and did not finish, and its lock is free: its process died.
    Stopped,
    /// All was done.
    Succeeded,
    /// It failed, and all that matters was done.
    Degraded(String),
    /// It failed, for this reason.
    Failed(String),
}

/// The newest runs of each function, the last one first.
pub type RecentRuns = BTreeMap<String, Vec<Recent>>;

impl Ledger {
    /// The newest runs of these functions. Functions that never ran are left out.
    pub async fn recent(&self, functions: &[&str]) -> Result<RecentRuns, Error> {
        let first = self.read_recent(functions).await?;
        if !has_stopped(&first) {
            return Ok(first);
        }
        // A run that finished between the reading of the rows and the look at the locks is not
        // stopped. A second reading finds its outcome; a run that is stopped in both is.
        let mut second = self.read_recent(functions).await?;
        for (function, runs) in &mut second {
            for run in runs.iter_mut().filter(|it| it.state == State::Stopped) {
                let before = first.get(function).into_iter().flatten();
                let is_same = |it: &&Recent| it.slot == run.slot && it.attempt == run.attempt;
                if before.filter(is_same).all(|it| it.state != State::Stopped) {
                    run.state = State::Running;
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
            let runs = all.entry(row.get(0)).or_default();
            // Rows come with the last one first, and only the last one can hold the function's lock.
            let is_last = runs.is_empty();
            runs.push(recent(row, is_last));
        }
        Ok(all)
    }

    /// Since when each timer has the schedule that is given with its name. A schedule that is not in
    /// the ledger yet counts from now, and is written down.
    pub async fn scheduled_since(
        &self,
        schedules: &[(&str, &str)],
        now: Timestamp,
    ) -> Result<BTreeMap<String, Timestamp>, Error> {
        let rows = self.database.read(&SCHEDULES, &[]).await?;
        let mut since = BTreeMap::new();
        let mut changed = (Vec::new(), Vec::new());
        for (function, schedule) in schedules {
            let known = rows.iter().find(|row| row.get::<_, &str>(0) == *function);
            let known = known.filter(|row| row.get::<_, &str>(1) == *schedule);
            let counts_from = known.map_or(now, |row| instant(row, 2));
            since.insert((*function).to_owned(), counts_from);
            if known.is_none() {
                changed.0.push(*function);
                changed.1.push(*schedule);
            }
        }
        if !changed.0.is_empty() {
            let now = now.to_string();
            let values = [
                &changed.0 as &(dyn tokio_postgres::types::ToSql + Sync),
                &changed.1,
                &now,
            ];
            self.database.write(&CHANGE_SCHEDULES, &values).await?;
        }
        Ok(since)
    }
}

fn recent(row: &Row, is_last: bool) -> Recent {
    let is_locked: bool = row.get(7);
    let failure: Option<String> = row.get(5);
    let failure = failure.unwrap_or_else(|| "see the log".to_owned());
    let state = match (row.get::<_, Option<&str>>(4), row.get::<_, bool>(6)) {
        (None, _) if is_last && is_locked => State::Running,
        (None, _) => State::Stopped,
        (Some("succeeded"), _) => State::Succeeded,
        (Some(_), true) => State::Degraded(failure),
        (Some(_), false) => State::Failed(failure),
    };
    Recent {
        slot: instant(row, 1),
        attempt: row.get(2),
        started: instant(row, 3),
        state,
    }
}

fn has_stopped(runs: &RecentRuns) -> bool {
    let mut all = runs.values().flatten();
    all.any(|run| run.state == State::Stopped)
}

/// More than the failures in a row of which any timer is reported. The lock is that of
/// [`Database::try_lock`](crate::database::Database::try_lock).
const RECENT: Statement = Statement {
    sql: "WITH held AS (
              SELECT (classid::bigint << 32) | objid::bigint AS key
                FROM pg_locks
               WHERE locktype = 'advisory' AND objsubid = 1 AND granted
                 AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))
          SELECT wanted.function, (extract(epoch FROM run.slot) * 1000000)::bigint, run.attempt,
                 (extract(epoch FROM run.started_at) * 1000000)::bigint,
                 run.outcome, run.failure, run.degraded,
                 hashtextextended(wanted.lock, 0) IN (SELECT key FROM held)
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
    sql: "SELECT function, schedule, (extract(epoch FROM since) * 1000000)::bigint
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
