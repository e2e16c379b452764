//! The database's health: can it be reached, how fast, with which schema, does it take writes, and is
//! the pool free.

use std::time::Instant;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde_json::Value;

use super::{Check, Finding, Status};
use crate::database::{Database, PoolUse, State};

/// Asks the database for its state, and times the answer.
pub struct DatabaseCheck {
    database: Database,
    watched: Database,
}

impl DatabaseCheck {
    /// For the database of the requests, which is asked through `watched`, beside its pool.
    pub fn new(database: Database, watched: Database) -> DatabaseCheck {
        DatabaseCheck { database, watched }
    }

    async fn findings(&self) -> Vec<Finding> {
        let pool = pool(self.database.pool_use());
        let started = Instant::now();
        let state = self.watched.state().await;
        let milliseconds = (started.elapsed().as_secs_f64() * 1e5).round() / 1e2;
        match state {
            Ok(state) => {
                let schema = schema(state, self.database.obstacle());
                if let (Status::Fail, Some(output)) = (schema.status, &schema.output) {
                    self.database.prepare_again(output);
                }
                let latency = latency(milliseconds.into(), Status::Ok, None);
                vec![latency, schema, writable(state.writable), pool]
            }
            Err(error) => {
                let output = format!("{error}; see the log, the server, and DATABASE_URL");
                vec![latency(Value::Null, Status::Fail, Some(output)), pool]
            }
        }
    }
}

impl Check for DatabaseCheck {
    fn look(&self) -> BoxFuture<'_, Vec<Finding>> {
        self.findings().boxed()
    }
}

fn latency(value: Value, status: Status, output: Option<String>) -> Finding {
    Finding {
        key: "database:latency",
        component_id: None,
        component_type: "datastore",
        observed_value: value,
        observed_unit: Some("ms"),
        status,
        output,
    }
}

/// Migrations only ever add, so a program that is already serving goes on when a newer one
/// migrates; `obstacle` says why this one does not serve.
fn schema(state: State, obstacle: Option<String>) -> Finding {
    let State { applied, known, .. } = state;
    let (status, output) = if obstacle.is_some() {
        (Status::Fail, obstacle)
    } else if applied < known {
        let output = format!(
            "the schema is version {applied}, older than this program's {known}: the database was \
             set back; the program migrates it again by itself, and if this stays, run `magnusapi \
             migrate` and see the log"
        );
        (Status::Fail, Some(output))
    } else if applied > known {
        let output = format!(
            "this program knows version {known}: deploy the version that migrated the database, \
             or a later one"
        );
        (Status::Warn, Some(output))
    } else {
        (Status::Ok, None)
    };
    Finding {
        key: "database:schema",
        component_id: None,
        component_type: "datastore",
        observed_value: applied.0.into(),
        observed_unit: None,
        status,
        output,
    }
}

/// Every change needs writes: those of items, and the record of each timer's run.
fn writable(writable: bool) -> Finding {
    Finding {
        key: "database:writable",
        component_id: None,
        component_type: "datastore",
        observed_value: writable.into(),
        observed_unit: None,
        status: if writable { Status::Ok } else { Status::Fail },
        output: (!writable).then(|| State::READ_ONLY.to_owned()),
    }
}

fn pool(usage: PoolUse) -> Finding {
    let exhausted = usage.waiting > 0 && usage.in_use >= usage.limit;
    let output = format!(
        "busy: all {} connections are in use and {} requests wait; see DATABASE_POOL_SIZE",
        usage.limit, usage.waiting
    );
    Finding {
        key: "database:pool",
        component_id: None,
        component_type: "datastore",
        observed_value: usage.in_use.into(),
        observed_unit: Some("connections in use"),
        status: if exhausted { Status::Warn } else { Status::Ok },
        output: exhausted.then_some(output),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::database::SchemaVersion;

    #[test]
    fn a_schema_that_became_newer_warns_and_an_older_or_unready_one_fails() {
        let status = |applied, obstacle: Option<&str>| {
            let state = State {
                applied: SchemaVersion(applied),
                known: SchemaVersion(2),
                writable: true,
            };
            schema(state, obstacle.map(str::to_owned)).status
        };
        assert_eq!(status(2, None), Status::Ok);
        assert_eq!(status(3, None), Status::Warn);
        assert_eq!(status(1, None), Status::Fail);
        assert_eq!(status(1, Some("it is being migrated")), Status::Fail);
        assert_eq!(status(3, Some("it is too new")), Status::Fail);
    }

    #[test]
    fn a_pool_that_makes_requests_wait_warns() {
        let status = |in_use, waiting| {
            let usage = PoolUse {
                in_use,
                open: 8,
                limit: 8,
                waiting,
            };
            pool(usage).status
        };
        assert_eq!(status(8, 0), Status::Ok);
        assert_eq!(status(8, 1), Status::Warn);
    }
}
