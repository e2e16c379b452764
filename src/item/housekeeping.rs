//! A timer that deletes idempotency keys and records of deletions that are older than 24 hours.

use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde_json::Value;

use crate::clock::Clock;
use crate::database::{Database, Error};
use crate::host::{Invocation, Outcome, Timer};
use crate::ledger::{Ledger, Work};

/// The timer function `item_housekeeping`.
pub struct Housekeeping {
    database: Database,
    ledger: Ledger,
    clock: Clock,
}

impl Housekeeping {
    pub fn new(database: Database, ledger: Ledger, clock: Clock) -> Housekeeping {
        Housekeeping {
            database,
            ledger,
            clock,
        }
    }

    async fn run_once(&self, invocation: &Invocation, limit: Duration) -> Outcome {
        let work = async || {
            let outcome = match self.delete_expired().await {
                Ok(lines) => Outcome::succeeded(lines),
                Err(error) => Outcome::failed(Vec::new(), error.to_string()),
            };
            Work::new(outcome, Value::Null)
        };
        Box::pin(self.ledger.once(invocation, limit, &self.clock, work)).await
    }

    /// Returns one line for each table.
    async fn delete_expired(&self) -> Result<Vec<String>, Error> {
        let keys = self.delete_all(EXPIRED_KEYS).await?;
        let deletions = self.delete_all(EXPIRED_DELETIONS).await?;
        Ok(vec![
            format!("deleted {keys} idempotency keys that were older than 24 hours"),
            format!("deleted {deletions} records of deletions that were older than 24 hours"),
        ])
    }

    /// Repeats a statement that deletes a batch of rows until there are no more.
    async fn delete_all(&self, statement: &str) -> Result<i64, Error> {
        let mut deleted = 0;
        loop {
            let row = self.database.write_first(statement, &[&BATCH]).await?;
            let batch: i64 = row.map_or(0, |row| row.get(0));
            deleted += batch;
            if batch < BATCH {
                return Ok(deleted);
            }
        }
    }
}

impl Timer for Housekeeping {
    fn function(&self) -> &'static str {
        "item_housekeeping"
    }

    fn run<'a>(&'a self, invocation: &'a Invocation, limit: Duration) -> BoxFuture<'a, Outcome> {
        self.run_once(invocation, limit).boxed()
    }
}

/// Rows that one statement deletes: few enough to finish well before its deadline.
const BATCH: i64 = 10_000;

/// The next run deletes rows that a creation has locked now; this one does not wait for them.
const EXPIRED_KEYS: &str = "\
    WITH expired AS (
        SELECT key FROM idempotency_key
         WHERE created_at <= now() - interval '24 hours'
         ORDER BY created_at
         LIMIT $1
           FOR UPDATE SKIP LOCKED),
    deleted AS (
        DELETE FROM idempotency_key USING expired
         WHERE idempotency_key.key = expired.key
         RETURNING 1)
    SELECT count(*) FROM deleted";

const EXPIRED_DELETIONS: &str = "\
    WITH expired AS (
        SELECT invocation_id, item_id FROM item_deletion
         WHERE deleted_at <= now() - interval '24 hours'
         ORDER BY deleted_at
         LIMIT $1),
    deleted AS (
        DELETE FROM item_deletion USING expired
         WHERE item_deletion.invocation_id = expired.invocation_id
           AND item_deletion.item_id = expired.item_id
        RETURNING 1)
    SELECT count(*) FROM deleted";
