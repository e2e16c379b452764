//! Holds in PostgreSQL.

use jiff::Timestamp;
use tokio_postgres::Row;
use tokio_postgres::types::{ToSql, Type};
use uuid::Uuid;

use crate::database::{Connection, Database, Error, Statement, instant};
use schedule::{Hold, TargetName};

/// The holds of one database. Clones share its pool.
#[derive(Clone)]
pub(super) struct Holds {
    database: Database,
}

impl Holds {
    pub(super) fn new(database: Database) -> Holds {
        Holds { database }
    }

    /// Those that are in force at `at`, the oldest first.
    pub(super) async fn active(&self, at: Timestamp) -> Result<Vec<Hold>, Error> {
        let rows = self.database.read(&ACTIVE, &[&at.to_string()]).await?;
        Ok(rows.iter().filter_map(hold).collect())
    }

    /// Writes one down. It is in force when this answers.
    pub(super) async fn make(&self, hold: &Hold) -> Result<(), Error> {
        let size = serde_json::to_string(&hold.size).expect("numbers always serialize");
        let (since, until) = (hold.since.to_string(), hold.until.to_string());
        let target = hold.target.as_str();
        let values: [&(dyn ToSql + Sync); 6] =
            [&target, &size, &since, &until, &hold.reason, &hold.by];
        self.database.write(&MAKE, &values).await?;
        Ok(())
    }

    /// Ends those of `target` that are in force, and says whether there were any. A request that the
    /// Functions host sends again, with the same `invocation`, gets the result of its first sending,
    /// and ends no hold that was made after that.
    pub(super) async fn release(
        &self,
        target: &TargetName,
        at: Timestamp,
        invocation: Option<Uuid>,
    ) -> Result<bool, Error> {
        let (at, invocation) = (at.to_string(), invocation.map(|id| id.to_string()));
        let values: [&(dyn ToSql + Sync); 3] = [&target.as_str(), &at, &invocation];
        let deadline = self.database.deadline();
        self.database
            .writing(deadline, |connection| release(connection, &values))
            .await
    }

    /// Deletes some of those that have been over for 400 days.
    pub(super) async fn delete_old(&self, now: Timestamp) -> Result<(), Error> {
        self.database
            .write(&DELETE_OLD, &[&now.to_string()])
            .await?;
        Ok(())
    }
}

/// An earlier sending of the request may have committed only after the first statement began, so
/// whether there was one is for a statement of its own.
async fn release(connection: Connection, values: &[&(dyn ToSql + Sync); 3]) -> Result<bool, Error> {
    for statement in [&RELEASE, &RELEASED_BEFORE] {
        if !connection.query(statement, values).await?.is_empty() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// A row that a later program wrote for a target or a size that this one does not know is nothing that
/// it could act on.
fn hold(row: &Row) -> Option<Hold> {
    Some(Hold {
        target: row.get::<_, &str>(0).parse().ok()?,
        size: serde_json::from_str(row.get(1)).ok()?,
        since: instant(row, 2),
        until: instant(row, 3),
        reason: row.get(4),
        by: row.get(5),
    })
}

const ACTIVE: Statement = Statement {
    sql: "SELECT target, size::text,
                 (extract(epoch FROM since) * 1000000)::bigint,
                 (extract(epoch FROM until) * 1000000)::bigint, reason, made_by
            FROM scale_hold
           WHERE until > $1::timestamptz AND since <= $1::timestamptz
             AND (released_at IS NULL OR released_at > $1::timestamptz)
           ORDER BY since, id",
    types: &[Type::TEXT],
};

const MAKE: Statement = Statement {
    sql: "WITH replaced AS (
              UPDATE scale_hold SET released_at = $3::timestamptz
               WHERE target = $1 AND until > $3::timestamptz AND released_at IS NULL)
          INSERT INTO scale_hold (target, size, since, until, reason, made_by)
          VALUES ($1, $2::jsonb, $3::timestamptz, $4::timestamptz, $5, $6)",
    types: &[
        Type::TEXT,
        Type::TEXT,
        Type::TEXT,
        Type::TEXT,
        Type::TEXT,
        Type::TEXT,
    ],
};

const RELEASE: Statement = Statement {
    sql: "UPDATE scale_hold SET released_at = $2::timestamptz, release_invocation_id = $3::uuid
           WHERE target = $1 AND until > $2::timestamptz AND released_at IS NULL
             AND NOT EXISTS (
                 SELECT FROM scale_hold AS earlier
                  WHERE earlier.target = $1 AND earlier.release_invocation_id = $3::uuid
                    AND earlier.until > $2::timestamptz - interval '24 hours')
          RETURNING 1",
    types: &[Type::TEXT, Type::TEXT, Type::TEXT],
};

/// The host sends a request again within seconds. The limit of a day lets the statement use the index.
const RELEASED_BEFORE: Statement = Statement {
    sql: "SELECT 1 FROM scale_hold
           WHERE target = $1 AND release_invocation_id = $3::uuid
             AND until > $2::timestamptz - interval '24 hours'",
    types: &[Type::TEXT, Type::TEXT, Type::TEXT],
};

/// A few at a time: ticks come far more often than rows grow old.
const DELETE_OLD: Statement = Statement {
    sql: "DELETE FROM scale_hold
           WHERE id IN (
                 SELECT id FROM scale_hold
                  WHERE until < $1::timestamptz - interval '400 days'
                  ORDER BY until
                  LIMIT 100)",
    types: &[Type::TEXT],
};
