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
    database: Database,
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

/// A run that has ended.
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
    /// How it ended.
    pub verdict: Verdict,
    /// What it left for whoever asks later.
    pub summary: Value,
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// All was done.
    Succeeded,
    /// Not all was done.
    Failed,
}

impl Verdict {
    fn as_str(self) -> &'static str {
        match self {
            Verdict::Succeeded => "succeeded",
            Verdict::Failed => "failed",
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

    /// The newest slot of `function` that has an outcome.
    pub async fn last_finished(&self, function: &str) -> Result<Option<Finished>, Error> {
        let row = self
            .database
            .read_first(&LAST_FINISHED, &[&function])
            .await?;
        Ok(row.as_ref().map(finished))
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
        verdict: Verdict,
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
        verdict: Verdict,
        summary: &Value,
        now: Timestamp,
    ) -> Result<bool, Error> {
        let (slot, now) = (self.slot.to_string(), now.to_string());
        let (verdict, summary) = (verdict.as_str(), summary.to_string());
        let values: [&(dyn ToSql + Sync); 6] = [
            &self.function,
            &slot,
            &self.attempt,
            &verdict,
            &now,
            &summary,
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

fn lock_name(function: &str) -> String {
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
    let succeeded = row.get::<_, &str>(4) == Verdict::Succeeded.as_str();
    Finished {
        slot: instant(row, 0),
        attempt: row.get(1),
        invocation_id: row.get(2),
        finished: instant(row, 3),
        verdict: if succeeded {
            Verdict::Succeeded
        } else {
            Verdict::Failed
        },
        summary: serde_json::from_str(row.get(5)).expect("the column's type is JSON"),
    }
}

/// A slot without success becomes the caller's, whether it failed or its holder died: the lock
/// says that nobody works on it.
const CLAIM: Statement = Statement {
    sql: "INSERT INTO function_run AS run (function, slot, invocation_id, started_at)
          VALUES ($1, $2::timestamptz, $3, $4::timestamptz)
              ON CONFLICT (function, slot) DO UPDATE
             SET attempt = run.attempt + 1, invocation_id = excluded.invocation_id,
                 started_at = excluded.started_at, finished_at = NULL, outcome = NULL,
                 summary = '{}'
           WHERE run.outcome IS DISTINCT FROM 'succeeded'
          RETURNING attempt",
    types: &[Type::TEXT, Type::TEXT, Type::TEXT, Type::TEXT],
};

/// The attempt tells this run from one that took the slot over.
const FINISH: Statement = Statement {
    sql: "UPDATE function_run
             SET outcome = $4, finished_at = $5::timestamptz, summary = $6::jsonb
           WHERE function = $1 AND slot = $2::timestamptz AND attempt = $3
          RETURNING attempt",
    types: &[
        Type::TEXT,
        Type::TEXT,
        Type::INT4,
        Type::TEXT,
        Type::TEXT,
        Type::TEXT,
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
                 (extract(epoch FROM finished_at) * 1000000)::bigint, outcome, summary::text
            FROM function_run
           WHERE function = $1 AND slot = $2::timestamptz",
    types: &[Type::TEXT, Type::TEXT],
};

const LAST_FINISHED: Statement = Statement {
    sql: "SELECT (extract(epoch FROM slot) * 1000000)::bigint, attempt, invocation_id,
                 (extract(epoch FROM finished_at) * 1000000)::bigint, outcome, summary::text
            FROM function_run
           WHERE function = $1 AND outcome IS NOT NULL
           ORDER BY slot DESC
           LIMIT 1",
    types: &[Type::TEXT],
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
