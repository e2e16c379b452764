//! The table `scale_hold`.

use jiff::Timestamp;
use tokio_postgres::Row;
use uuid::Uuid;

use super::columns::{size, size_text};
use crate::database::{Connection, Database, Error, Parameter};
use schedule::{Hold, TargetName};

/// The holds in one database. Clones share its pool.
#[derive(Clone)]
pub struct Holds {
    database: Database,
}

/// A hold and its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HoldRecord {
    pub id: i64,
    pub hold: Hold,
    /// The instant of its release, or the end of its time. It may be in the future.
    pub ended: Timestamp,
}

impl Holds {
    pub(super) fn new(database: Database) -> Holds {
        Holds { database }
    }

    /// The holds in force at `at`, the oldest first.
    pub(super) async fn active(&self, at: Timestamp) -> Result<Vec<Hold>, Error> {
        let rows = self.database.read(ACTIVE, &[&at]).await?;
        Ok(rows.iter().filter_map(hold).collect())
    }

    /// The holds that began by `now` and ended at `since` or later, the oldest first.
    pub async fn since(&self, since: Timestamp, now: Timestamp) -> Result<Vec<HoldRecord>, Error> {
        let rows = self.database.read(SINCE, &[&since, &now]).await?;
        let records = rows.iter().filter_map(|row| {
            Some(HoldRecord {
                id: row.get("id"),
                hold: hold(row)?,
                ended: row.get("ended"),
            })
        });
        Ok(records.collect())
    }

    /// Stores a hold that [`Scaling::place`](super::scaling::Scaling::place) checked. It is in force when this
    /// returns.
    pub(super) async fn create(&self, hold: &Hold) -> Result<(), Error> {
        let values: [&dyn Parameter; 6] = [
            &hold.target.as_str(),
            &size_text(hold.size),
            &hold.since,
            &hold.until,
            &hold.reason,
            &hold.by,
        ];
        self.database.write(CREATE, &values).await?;
        Ok(())
    }

    /// Ends the holds on `target`, and returns whether any was in force. A request that the Functions host
    /// sends again, with the same `invocation`, gets the result of its first sending and ends no hold that
    /// was made after that.
    pub async fn release(
        &self,
        target: &TargetName,
        at: Timestamp,
        invocation: Option<Uuid>,
    ) -> Result<bool, Error> {
        let invocation = invocation.map(|id| id.to_string());
        let values: [&dyn Parameter; 3] = [&target.as_str(), &at, &invocation];
        let deadline = self.database.deadline();
        self.database
            .writing(deadline, |connection| release(connection, &values))
            .await
    }

    /// Deletes some of the holds that ended 400 days ago.
    pub(super) async fn delete_old(&self, now: Timestamp) -> Result<(), Error> {
        self.database.write(DELETE_OLD, &[&now]).await?;
        Ok(())
    }
}

/// An earlier sending of the request may commit after the first statement began, so a second statement reads
/// its row.
async fn release(connection: Connection, values: &[&dyn Parameter; 3]) -> Result<bool, Error> {
    for statement in [RELEASE, RELEASED_BEFORE] {
        if !connection.query(statement, values).await?.is_empty() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// `None`: a later program wrote a target or a size that this one does not know.
pub(super) fn hold(row: &Row) -> Option<Hold> {
    Some(Hold {
        target: row.get::<_, &str>("target").parse().ok()?,
        size: size(row, "size")?,
        since: row.get("since"),
        until: row.get("until"),
        reason: row.get("reason"),
        by: row.get("made_by"),
    })
}

const ACTIVE: &str = "\
    SELECT target, size::text AS size, since, until, reason, made_by
      FROM scale_hold
     WHERE until > $1 AND since <= $1 AND (released_at IS NULL OR released_at > $1)
     ORDER BY since, id";

const SINCE: &str = "\
    SELECT id, target, size::text AS size, since, until, reason, made_by,
           least(until, released_at) AS ended
      FROM scale_hold
     WHERE until >= $1 AND since <= $2 AND least(until, released_at) >= $1
     ORDER BY since, id
     LIMIT 1000";

const CREATE: &str = "\
    WITH replaced AS (
        UPDATE scale_hold SET released_at = $3
         WHERE target = $1 AND until > $3 AND released_at IS NULL)
    INSERT INTO scale_hold (target, size, since, until, reason, made_by)
    VALUES ($1, $2::jsonb, $3, $4, $5, $6)";

const RELEASE: &str = "\
    UPDATE scale_hold SET released_at = $2, release_invocation_id = $3::uuid
     WHERE target = $1 AND until > $2 AND released_at IS NULL
       AND NOT EXISTS (
           SELECT FROM scale_hold AS earlier
            WHERE earlier.target = $1 AND earlier.release_invocation_id = $3::uuid
              AND earlier.until > $2 - interval '24 hours')
    RETURNING 1";

/// The host sends a request again within seconds. The limit of a day lets the statement use the index.
const RELEASED_BEFORE: &str = "\
    SELECT 1 FROM scale_hold
     WHERE target = $1 AND release_invocation_id = $3::uuid
       AND until > $2 - interval '24 hours'";

/// A few at a time: ticks are far more frequent than holds.
const DELETE_OLD: &str = "\
    DELETE FROM scale_hold
     WHERE id IN (
           SELECT id FROM scale_hold
            WHERE until < $1 - interval '400 days'
            ORDER BY until
            LIMIT 100)";
