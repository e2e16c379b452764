//! Claims a slot, and stores the result of its run.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};
use tokio_postgres::Row;
use tokio_util::sync::CancellationToken;

use crate::database::{Database, Error, Lock, Parameter};

/// The runs of all timer functions. Clones share the database.
#[derive(Clone)]
pub struct Ledger {
    pub(super) database: Database,
    /// Cancelled when the process must end.
    pub(super) stop: CancellationToken,
}

/// The result of a claim.
pub enum Claim {
    /// The caller must execute the slot.
    Won(Run),
    /// The slot has already succeeded.
    Finished(Finished),
    /// The function is running now, for this slot or another one.
    Running(Option<Holder>),
}

/// The current run of a function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    pub slot: Timestamp,
    pub invocation_id: String,
    pub started: Timestamp,
}

/// A run that succeeded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finished {
    pub slot: Timestamp,
    /// The number of invocations that executed the slot.
    pub attempt: i32,
    /// The last invocation.
    pub invocation_id: String,
    pub finished: Timestamp,
}

/// The result of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RunResult {
    Succeeded,
    /// It failed for this reason, and everything essential was done.
    Degraded(String),
    /// It failed for this reason.
    Failed(String),
    /// It did not finish, because the program stopped.
    Interrupted(String),
}

impl RunResult {
    /// The column `outcome`.
    fn outcome(&self) -> &'static str {
        match self.failure() {
            None => "succeeded",
            Some(_) => "failed",
        }
    }

    fn failure(&self) -> Option<&str> {
        match self {
            RunResult::Succeeded => None,
            RunResult::Degraded(reason)
            | RunResult::Failed(reason)
            | RunResult::Interrupted(reason) => Some(reason),
        }
    }

    fn is_degraded(&self) -> bool {
        matches!(self, RunResult::Degraded(_))
    }

    /// The column `summary`. A member marks an interrupted run.
    fn summary(&self, summary: &Value) -> Value {
        let mut summary = summary.clone();
        if let RunResult::Interrupted(_) = self {
            if !summary.is_object() {
                summary = json!({});
            }
            summary[INTERRUPTED] = true.into();
        }
        summary
    }
}

/// A claimed slot. If it is dropped without a result, another claim can take it over immediately.
pub struct Run {
    database: Database,
    lock: Lock,
    function: String,
    slot: Timestamp,
    attempt: i32,
}

/// The function's lock, or the run that holds it.
enum FunctionLock {
    Taken(Lock),
    Held(Option<Holder>),
}

impl Ledger {
    pub fn new(database: Database) -> Ledger {
        Ledger {
            database,
            stop: CancellationToken::new(),
        }
    }

    /// Records runs that do not end within a few seconds of `stop` as interrupted.
    #[must_use]
    pub fn interrupted_by(self, stop: CancellationToken) -> Ledger {
        Ledger { stop, ..self }
    }

    /// Claims `slot` of `function` for an invocation.
    pub async fn claim(
        &self,
        function: &str,
        slot: Timestamp,
        invocation_id: &str,
        now: Timestamp,
    ) -> Result<Claim, Error> {
        let lock = match self.lock(function).await? {
            FunctionLock::Taken(lock) => lock,
            FunctionLock::Held(holder) => return Ok(Claim::Running(holder)),
        };
        let values: [&dyn Parameter; 4] = [&function, &slot, &invocation_id, &now];
        if let Some(row) = self.database.write_first(CLAIM, &values).await? {
            self.database.write(DELETE_OLD, &[&now]).await?;
            return Ok(Claim::Won(Run {
                database: self.database.clone(),
                lock,
                function: function.to_owned(),
                slot,
                attempt: row.get("attempt"),
            }));
        }
        let row = self
            .database
            .read_first(FINISHED, &[&function, &slot])
            .await?;
        lock.release().await?;
        let row = row.expect("only a row that succeeded prevents the claim from writing its row");
        Ok(Claim::Finished(finished(&row)))
    }

    /// Between taking the lock and writing the row, the holder is unknown for a short time, and this waits.
    async fn lock(&self, function: &str) -> Result<FunctionLock, Error> {
        let mut attempts = 0;
        loop {
            if let Some(lock) = self.database.try_lock(&lock_name(function)).await? {
                return Ok(FunctionLock::Taken(lock));
            }
            let row = self.database.read_first(RUNNING, &[&function]).await?;
            if row.is_some() || attempts == HOLDER_ATTEMPTS {
                return Ok(FunctionLock::Held(row.as_ref().map(holder)));
            }
            attempts += 1;
            tokio::time::sleep(HOLDER_PAUSE).await;
        }
    }
}

impl Run {
    /// The number of this attempt, from 1.
    pub fn attempt(&self) -> i32 {
        self.attempt
    }

    pub fn slot(&self) -> Timestamp {
        self.slot
    }

    /// Completes when the lock is lost. Then another claim may take the slot over.
    pub async fn lost(&self) {
        self.lock.lost().await;
    }

    /// Stores the result, and releases the function's lock. Retries for some seconds, because the database may
    /// be unavailable. Returns false if another run took the slot over: then the result of that run counts.
    pub async fn finish(
        self,
        result: &RunResult,
        summary: &Value,
        now: Timestamp,
    ) -> Result<bool, Error> {
        let mut attempts = 0;
        let is_stored = loop {
            match self.store(result, summary, now).await {
                Err(error) if attempts == STORE_ATTEMPTS || !error.may_pass() => return Err(error),
                Err(_) => attempts += 1,
                Ok(is_stored) => break is_stored,
            }
            tokio::time::sleep(STORE_PAUSE).await;
        };
        // The result is on disk. A lock that cannot be released is already lost.
        let _ = self.lock.release().await;
        Ok(is_stored)
    }

    async fn store(
        &self,
        result: &RunResult,
        summary: &Value,
        now: Timestamp,
    ) -> Result<bool, Error> {
        let values: [&dyn Parameter; 8] = [
            &self.function,
            &self.slot,
            &self.attempt,
            &result.outcome(),
            &now,
            &result.summary(summary).to_string(),
            &result.failure(),
            &result.is_degraded(),
        ];
        let row = self.database.write_first(FINISH, &values).await?;
        Ok(row.is_some())
    }
}

/// Retries of storing a result, and the pause before each. Each attempt waits for the database too.
const STORE_ATTEMPTS: u32 = 3;
const STORE_PAUSE: Duration = Duration::from_secs(1);

/// The member of a summary that marks an interrupted run.
const INTERRUPTED: &str = "interrupted";

/// Retries of reading an unknown holder, and the pause before each.
const HOLDER_ATTEMPTS: u32 = 20;
const HOLDER_PAUSE: Duration = Duration::from_millis(50);

pub(super) fn lock_name(function: &str) -> String {
    format!("magnusapi function_run {function}")
}

fn holder(row: &Row) -> Holder {
    Holder {
        slot: row.get("slot"),
        invocation_id: row.get("invocation_id"),
        started: row.get("started_at"),
    }
}

fn finished(row: &Row) -> Finished {
    Finished {
        slot: row.get("slot"),
        attempt: row.get("attempt"),
        invocation_id: row.get("invocation_id"),
        finished: row.get("finished_at"),
    }
}

/// The caller gets a slot that failed, or whose holder died. The caller has the lock, so no other run
/// executes it.
const CLAIM: &str = "\
    INSERT INTO function_run AS run (function, slot, invocation_id, started_at)
    VALUES ($1, $2, $3, $4)
        ON CONFLICT (function, slot) DO UPDATE
       SET attempt = run.attempt + 1, invocation_id = excluded.invocation_id,
           started_at = excluded.started_at, finished_at = NULL, outcome = NULL,
           failure = NULL, degraded = false, summary = '{}'
     WHERE run.outcome IS DISTINCT FROM 'succeeded'
    RETURNING attempt";

/// The attempt distinguishes this run from one that took the slot over.
const FINISH: &str = "\
    UPDATE function_run
       SET outcome = $4, finished_at = $5, summary = $6::jsonb, failure = $7,
           degraded = $8
     WHERE function = $1 AND slot = $2 AND attempt = $3
    RETURNING attempt";

const RUNNING: &str = "\
    SELECT slot, invocation_id, started_at FROM function_run
     WHERE function = $1 AND outcome IS NULL
     ORDER BY started_at DESC
     LIMIT 1";

const FINISHED: &str = "\
    SELECT slot, attempt, invocation_id, finished_at FROM function_run
     WHERE function = $1 AND slot = $2";

/// A few rows at a time are enough, because each run calls it.
const DELETE_OLD: &str = "\
    DELETE FROM function_run
     WHERE (function, slot) IN (
           SELECT function, slot FROM function_run
            WHERE started_at < $1 - interval '90 days'
            ORDER BY started_at
            LIMIT 100)";
