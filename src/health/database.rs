//! The database's health: reachable, latency, schema, writable, load of the pool.

use std::time::Instant;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde_json::Value;

use super::{Check, Finding, Status};
use crate::database::{Database, PoolUse, State};

/// Queries the database's state, and measures the time of the queries.
pub struct DatabaseCheck {
    database: Database,
    watched: Database,
}

impl DatabaseCheck {
    /// Checks the database of the requests through `watched`, a connection outside of its pool.
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
                let latency = latency(milliseconds.into(), None);
                vec![latency, schema, writable(state.writable), pool]
            }
            Err(error) => {
                let output = format!("{error}; see the log, the server, and DATABASE_URL");
                vec![latency(Value::Null, Some(output)), pool]
            }
        }
    }
}

impl Check for DatabaseCheck {
    fn check(&self) -> BoxFuture<'_, Vec<Finding>> {
        self.findings().boxed()
    }
}

fn finding(
    key: &'static str,
    value: impl Into<Value>,
    status: Status,
    output: Option<String>,
) -> Finding {
    Finding {
        component_type: "datastore",
        status,
        output,
        ..Finding::new(key, value)
    }
}

fn latency(milliseconds: Value, failure: Option<String>) -> Finding {
    let status = failure.as_ref().map_or(Status::Ok, |_| Status::Fail);
    Finding {
        observed_unit: Some("ms"),
        ..finding("database:latency", milliseconds, status, failure)
    }
}

/// Migrations only add, so a program that serves continues when a newer program migrates. `obstacle` is the
/// reason why this program does not serve.
fn schema(state: State, obstacle: Option<String>) -> Finding {
    let State { applied, known, .. } = state;
    let (status, output) = if obstacle.is_some() {
        (Status::Fail, obstacle)
    } else if applied < known {
        let output = format!(
            "the schema has version {applied}, which is older than this program's version {known}: the \
             database was set back; the program migrates it again by itself; if this finding stays, run \
             `magnusapi migrate` and see the log"
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
    finding("database:schema", applied.0, status, output)
}

/// Items cannot change and timers cannot store their runs in a read-only database.
fn writable(writable: bool) -> Finding {
    let (status, output) = if writable {
        (Status::Ok, None)
    } else {
        (Status::Fail, Some(State::READ_ONLY.to_owned()))
    };
    finding("database:writable", writable, status, output)
}

fn pool(usage: PoolUse) -> Finding {
    let is_exhausted = usage.waiting > 0 && usage.in_use >= usage.limit;
    let output = is_exhausted.then(|| {
        format!(
            "busy: all {} connections are in use and {} requests wait; see DATABASE_POOL_SIZE",
            usage.limit, usage.waiting
        )
    });
    let status = output.as_ref().map_or(Status::Ok, |_| Status::Warn);
    Finding {
        observed_unit: Some("connections in use"),
        ..finding("database:pool", usage.in_use, status, output)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::database::SchemaVersion;

    #[test]
    fn a_newer_schema_warns_and_an_older_or_unready_one_fails() {
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
