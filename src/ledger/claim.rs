//! Claiming a slot, and ending the run that won it.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;
use tokio_postgres::Row;
use tokio_postgres::types::{ToSql, Type};

use crate::database::{Database, Error, Lock, Statement, instant};

/// The runs of all timer functions. Clones share the database.
#[derive(Clone)]
pub struct Ledger {
    pub(super) database: Database,
}

/// What became of a claim.
pub enum Claim {
    /// The slot is the caller's to work on.
    Won(Run),
    /// It was worked on and succeeded.
    Finished(Finished),
    /// The function runs right now, for this slot or another.
    Running(Option<Holder>),
}

/// Who runs the function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    /// The slot that is worked on.
    pub slot: Timestamp,
    /// The invocation that works on it.
    pub invocation_id: String,
    /// Since when.
    pub started: Timestamp,
}

/// A run that succeeded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finished {
    /// The slot it was for.
    pub slot: Timestamp,
    /// How many invocations worked on it.
    pub attempt: i32,
    /// The last one.
    pub invocation_id: String,
    /// When it ended.
    pub finished: Timestamp,
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// All was done.
    Succeeded,
    /// It failed for this reason, and all that matters was done.
    Degraded(String),
    /// It failed for this reason.
    Failed(String),
}

impl Verdict {
    /// The columns `outcome`, `failure` and `degraded`.
    fn columns(&self) -> (&'static str, Option<&str>, bool) {
        match self {
            Verdict::Succeeded => ("succeeded", None, false),
            Verdict::Degraded(reason) => ("failed", Some(reason), true),
            Verdict::Failed(reason) => ("failed", Some(reason), false),
        }
    }
}

/// A slot that was won. Dropped without an outcome, it can be taken over at once.
pub struct Run {
    database: Database,
    lock: Lock,
    function: String,
    slot: Timestamp,
    attempt: i32,
}

impl Ledger {
    /// The ledger in `database`.
    pub fn new(database: Database) -> Ledger {
        Ledger { database }
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
            Ok(lock) => lock,
            Err(holder) => return Ok(Claim::Running(holder)),
        };
        let (at, now) = (slot.to_string(), now.to_string());
        let values: [&(dyn ToSql + Sync); 4] = [&function, &at, &invocation_id, &now];
        if let Some(row) = self.database.write_first(&CLAIM, &values).await? {
            self.database.write(&DELETE_OLD, &[&now]).await?;
            return Ok(Claim::Won(Run {
                database: self.database.clone(),
                lock,
                function: function.to_owned(),
                slot,
                attempt: row.get(0),
            }));
        }
        let row = self
            .database
            .read_first(&FINISHED, &[&function, &at])
            .await?;
        lock.release().await?;
        let row = row.expect("what kept the claim from its row is a row that succeeded");
        Ok(Claim::Finished(finished(&row)))
    }

    /// The function's lock, or who has it. Between taking the lock and writing the row its holder has a
    /// moment without a name, which is waited for.
    async fn lock(&self, function: &str) -> Result<Result<Lock, Option<Holder>>, Error> {
        let mut tries = 0;
        loop {
            if let Some(lock) = self.database.try_lock(&lock_name(function)).await? {
                return Ok(Ok(lock));
            }
            let row = self.database.read_first(&RUNNING, &[&function]).await?;
            if row.is_some() || tries == NAMELESS {
                return Ok(Err(row.as_ref().map(holder)));
            }
            tries += 1;
            tokio::time::sleep(MOMENT).await;
        }
    }
}

impl Run {
    /// Which try this is, from 1.
    pub fn attempt(&self) -> i32 {
        self.attempt
    }

    /// The slot that was won.
    pub fn slot(&self) -> Timestamp {
        self.slot
    }

    /// Completes when the lock is lost, and another may take the slot over.
    pub async fn lost(&self) {
        self.lock.lost().await;
    }

    /// Writes down how it ended, and lets the next one run. The database may have been away
    /// meanwhile, so it is tried for a while. `false` when another has taken the slot over: then
    /// that one's outcome counts.
    pub async fn finish(
        self,
        verdict: &Verdict,
        summary: &Value,
        now: Timestamp,
    ) -> Result<bool, Error> {
        let mut tries = 0;
        let ours = loop {
            match self.write(verdict, summary, now).await {
                Err(error) if tries == TRIES || !error.may_pass() => return Err(error),
                Err(_) => tries += 1,
                Ok(ours) => break ours,
            }
            tokio::time::sleep(PAUSE).await;
        };
        // The outcome is on disk. A lock that cannot be given up any more is lost already.
        let _ = self.lock.release().await;
        Ok(ours)
    }

    async fn write(
        &self,
        verdict: &Verdict,
        summary: &Value,
        now: Timestamp,
    ) -> Result<bool, Error> {
        let (slot, now) = (self.slot.to_string(), now.to_string());
        let ((outcome, failure, degraded), summary) = (verdict.columns(), summary.to_string());
        let values: [&(dyn ToSql + Sync); 8] = [
            &self.function,
            &slot,
            &self.attempt,
            &outcome,
            &now,
            &summary,
            &failure,
            &degraded,
        ];
        let row = self.database.write_first(&FINISH, &values).await?;
        Ok(row.is_some())
    }
}

/// How often, and how far apart, is the outcome tried again? Each try waits for the database
/// itself too.
const TRIES: u32 = 3;
const PAUSE: Duration = Duration::from_secs(1);

/// How often, and how far apart, is a holder without a name looked for again?
const NAMELESS: u32 = 20;
const MOMENT: Duration = Duration::from_millis(50);

pub(super) fn lock_name(function: &str) -> String {
    format!("magnusapi function_run {function}")
}

fn holder(row: &Row) -> Holder {
    Holder {
        slot: instant(row, 0),
        invocation_id: row.get(1),
        started: instant(row, 2),
    }
}

fn finished(row: &Row) -> Finished {
    Finished {
        slot: instant(row, 0),
        attempt: row.get(1),
        invocation_id: row.get(2),
        finished: instant(row, 3),
    }
}

/// A slot without success becomes the caller's, whether it failed or its holder died: the caller has
/// the lock, so no other run works on it.
const CLAIM: Statement = Statement {
    sql: "INSERT INTO function_run AS run (function, slot, invocation_id, started_at)
          VALUES ($1, $2::timestamptz, $3, $4::timestamptz)
              ON CONFLICT (function, slot) DO UPDATE
             SET attempt = run.attempt + 1, invocation_id = excluded.invocation_id,
                 started_at = excluded.started_at, finished_at = NULL, outcome = NULL,
                 failure = NULL, degraded = false, summary = '{}'
           WHERE run.outcome IS DISTINCT FROM 'succeeded'
          RETURNING attempt",
    types: &[Type::TEXT, Type::TEXT, Type::TEXT, Type::TEXT],
};

/// The attempt tells this run from one that took the slot over.
const FINISH: Statement = Statement {
    sql: "UPDATE function_run
             SET outcome = $4, finished_at = $5::timestamptz, summary = $6::jsonb, failure = $7,
                 degraded = $8
           WHERE function = $1 AND slot = $2::timestamptz AND attempt = $3
          RETURNING attempt",
    types: &[
        Type::TEXT,
        Type::TEXT,
        Type::INT4,
        Type::TEXT,
        Type::TEXT,
        Type::TEXT,
        Type::TEXT,
        Type::BOOL,
    ],
};

const RUNNING: Statement = Statement {
    sql: "SELECT (extract(epoch FROM slot) * 1000000)::bigint, invocation_id,
                 (extract(epoch FROM started_at) * 1000000)::bigint
            FROM function_run
           WHERE function = $1 AND outcome IS NULL
           ORDER BY started_at DESC
           LIMIT 1",
    types: &[Type::TEXT],
};

const FINISHED: Statement = Statement {
    sql: "SELECT (extract(epoch FROM slot) * 1000000)::bigint, attempt, invocation_id,
                 (extract(epoch FROM finished_at) * 1000000)::bigint
            FROM function_run
           WHERE function = $1 AND slot = $2::timestamptz",
    types: &[Type::TEXT, Type::TEXT],
};

/// A few at a time: runs come far more often than rows grow old.
const DELETE_OLD: Statement = Statement {
    sql: "DELETE FROM function_run
           WHERE (function, slot) IN (
                 SELECT function, slot FROM function_run
                  WHERE started_at < $1::timestamptz - interval '90 days'
                  ORDER BY started_at
                  LIMIT 100)",
    types: &[Type::TEXT],
};
