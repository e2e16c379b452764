//! The objects that a restore skips where it may go on, rather than fail.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio_postgres::Client;

use super::super::error::{RestoreError, at};
use super::super::plan::{Step, Table};
use super::run;

/// Skipped objects, each with the reason.
pub(super) struct Skipped {
    allowed: bool,
    reasons: Mutex<Vec<String>>,
}

impl Skipped {
    /// Of a restore that fails at the first error unless it is `allowed` to go on.
    pub(super) fn new(allowed: bool) -> Skipped {
        Skipped {
            allowed,
            reasons: Mutex::default(),
        }
    }

    /// Runs the steps in order. Skips a step that fails, if that is allowed. A connection that ended is not
    /// an object that can be skipped.
    pub(super) async fn run(
        &self,
        client: &Client,
        steps: impl IntoIterator<Item = &Step>,
    ) -> Result<(), RestoreError> {
        for step in steps {
            match run(client, [step]).await {
                Err(RestoreError::Statement { step, reason })
                    if self.allowed && !client.is_closed() =>
                {
                    self.add(format!("{step}: {reason}"));
                }
                done => done?,
            }
        }
        Ok(())
    }

    /// The tables that exist. Skips the rows of the others.
    pub(super) async fn present<'a>(
        &self,
        client: &Client,
        tables: &'a [Table],
    ) -> Result<Vec<&'a Table>, RestoreError> {
        let mut present = Vec::new();
        for table in tables {
            if !self.allowed || exists(client, table).await? {
                present.push(table);
            } else {
                let rows = table.saved.rows;
                self.add(format!(
                    "the {rows} rows of table {table}: there is no such table"
                ));
            }
        }
        Ok(present)
    }

    pub(super) fn reasons(&self) -> Vec<String> {
        self.locked().clone()
    }

    fn add(&self, reason: String) {
        self.locked().push(reason);
    }

    fn locked(&self) -> MutexGuard<'_, Vec<String>> {
        self.reasons.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn exists(client: &Client, table: &Table) -> Result<bool, RestoreError> {
    let exists = "SELECT pg_catalog.to_regclass($1) IS NOT NULL";
    let row = client.query_one(exists, &[&table.quoted]).await;
    Ok(row.map_err(at(table))?.get(0))
}
