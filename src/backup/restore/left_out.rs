//! What a restore leaves out where it goes on, rather than fail.

use std::sync::{Mutex, PoisonError};

use tokio_postgres::Client;

use super::error::{RestoreError, at};
use super::session;
use super::step::{Step, Table};

/// What could not be restored.
pub(super) struct LeftOut {
    allowed: bool,
    said: Mutex<Vec<String>>,
}

impl LeftOut {
    /// Of a restore that fails at the first error unless it is `allowed` to go on.
    pub(super) fn new(allowed: bool) -> LeftOut {
        LeftOut {
            allowed,
            said: Mutex::new(Vec::new()),
        }
    }

    /// Runs the steps in order. What fails is left out, if that is allowed.
    pub(super) async fn run(&self, client: &Client, steps: &[Step]) -> Result<(), RestoreError> {
        for step in steps {
            let done = session::run(client, std::slice::from_ref(step)).await;
            self.pass(client, done)?;
        }
        Ok(())
    }

    /// The tables that are there. Without those of others, their rows are left out.
    pub(super) async fn present<'a>(
        &self,
        client: &Client,
        tables: &'a [Table],
    ) -> Result<Vec<&'a Table>, RestoreError> {
        let mut present = Vec::new();
        for table in tables {
            let exists = !self.allowed || exists(client, table).await?;
            if exists {
                present.push(table);
            } else {
                let rows = table.saved.rows;
                self.tell(format!(
                    "the {rows} rows of table {table}: there is no such table"
                ));
            }
        }
        Ok(present)
    }

    /// All that was left out.
    pub(super) fn told(self) -> Vec<String> {
        self.said
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// A connection that ended is not an object that can be left out.
    fn pass(&self, client: &Client, done: Result<(), RestoreError>) -> Result<(), RestoreError> {
        match done {
            Err(RestoreError::Statement { step, reason })
                if self.allowed && !client.is_closed() =>
            {
                self.tell(format!("{step}: {reason}"));
                Ok(())
            }
            done => done,
        }
    }

    fn tell(&self, what: String) {
        self.said().push(what);
    }

    fn said(&self) -> std::sync::MutexGuard<'_, Vec<String>> {
        self.said.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn exists(client: &Client, table: &Table) -> Result<bool, RestoreError> {
    let question = "SELECT pg_catalog.to_regclass($1) IS NOT NULL";
    let row = client.query_one(question, &[&table.quoted]).await;
    let row = row.map_err(at(table))?;
    Ok(row.get(0))
}
