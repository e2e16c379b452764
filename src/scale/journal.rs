//! The changes that Azure was asked for: one row each, written before it is asked.

use jiff::Timestamp;
use serde::Serialize;
use tokio_postgres::Row;
use tokio_postgres::types::{ToSql, Type};

use super::reconcile::{Cause, Record};
use crate::database::{Database, Error, Statement, instant};
use schedule::{Size, TargetName};

/// The changes in one database. Clones share its pool.
#[derive(Clone)]
pub(super) struct Journal {
    database: Database,
}

/// A change that is about to be asked for.
pub(super) struct Request<'a> {
    pub(super) target: &'a TargetName,
    pub(super) resource: &'a str,
    pub(super) at: Timestamp,
    pub(super) before: Size,
    pub(super) after: Size,
    pub(super) rule: &'a str,
    pub(super) cause: Cause,
    pub(super) invocation_id: &'a str,
}

/// How a change ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Ending {
    /// Azure has made it.
    Succeeded,
    /// Azure has not, and says why.
    Failed,
    /// Azure did not begin the change: it was busy, or rejected it.
    #[serde(rename = "left")]
    Skipped,
    /// Azure was not asked.
    Shadow,
}

/// A change that is under way, or whose outcome is not known: its response was lost, or its process
/// died.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct OpenChange {
    pub(super) row: i64,
    pub(super) target: String,
    pub(super) resource: String,
    pub(super) after: Size,
    pub(super) rule: String,
    pub(super) requested_at: Timestamp,
}

/// A change, for people.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Entry {
    pub(super) target: String,
    pub(super) resource: String,
    pub(super) requested_at: Timestamp,
    pub(super) from: Size,
    pub(super) to: Size,
    pub(super) rule: String,
    pub(super) cause: String,
    pub(super) invocation_id: String,
    pub(super) finished_at: Option<Timestamp>,
    /// Null while it is under way.
    pub(super) outcome: Option<String>,
    pub(super) detail: Option<String>,
}

impl Ending {
    fn as_str(self) -> &'static str {
        match self {
            Ending::Succeeded => "succeeded",
            Ending::Failed => "failed",
            Ending::Skipped => "left",
            Ending::Shadow => "shadow",
        }
    }
}

impl Journal {
    pub(super) fn new(database: Database) -> Journal {
        Journal { database }
    }

    /// What is known of `target` at `now`.
    pub(super) async fn record(
        &self,
        target: &TargetName,
        now: Timestamp,
    ) -> Result<Record, Error> {
        let values: [&(dyn ToSql + Sync); 2] = [&target.as_str(), &now.to_string()];
        let row = self.database.read_first(&RECORD, &values).await?;
        Ok(row.as_ref().map(record).unwrap_or_default())
    }

    /// The changes without an outcome, the oldest first: of targets that left the schedule, too.
    pub(super) async fn open(&self) -> Result<Vec<OpenChange>, Error> {
        let rows = self.database.read(&OPEN, &[]).await?;
        Ok(rows.iter().map(open_change).collect())
    }

    /// Writes a request down, and answers its row.
    pub(super) async fn begin(&self, request: &Request<'_>) -> Result<i64, Error> {
        let [before, after] = [request.before, request.after].map(text);
        let at = request.at.to_string();
        let values: [&(dyn ToSql + Sync); 8] = [
            &request.target.as_str(),
            &request.resource,
            &at,
            &before,
            &after,
            &request.rule,
            &request.cause.as_str(),
            &request.invocation_id,
        ];
        let row = self.database.write_first(&BEGIN, &values).await?;
        Ok(row.expect("an insert answers its row").get(0))
    }

    /// Writes down how it ended, before what was noted of it.
    pub(super) async fn end(
        &self,
        row: i64,
        ending: Ending,
        detail: Option<&str>,
        at: Timestamp,
    ) -> Result<(), Error> {
        let at = at.to_string();
        let values: [&(dyn ToSql + Sync); 4] = [&row, &ending.as_str(), &at, &detail];
        self.database.write(&END, &values).await?;
        Ok(())
    }

    /// Writes down what is known of one that is under way.
    pub(super) async fn note(&self, row: i64, detail: &str) -> Result<(), Error> {
        self.database.write(&NOTE, &[&row, &detail]).await?;
        Ok(())
    }

    /// The changes since an instant, the newest first, of one target or of all.
    pub(super) async fn since(
        &self,
        since: Timestamp,
        target: Option<&TargetName>,
        limit: i64,
    ) -> Result<Vec<Entry>, Error> {
        let since = since.to_string();
        let target = target.map(TargetName::as_str);
        let rows = self
            .database
            .read(&SINCE, &[&since, &target, &limit])
            .await?;
        Ok(rows.iter().map(entry).collect())
    }

    /// How often each target was found changed by another party since an instant.
    pub(super) async fn drift(&self, since: Timestamp) -> Result<Vec<(String, i64)>, Error> {
        let rows = self.database.read(&DRIFT, &[&since.to_string()]).await?;
        Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
    }

    /// Deletes some of those that were asked for 400 days ago.
    pub(super) async fn delete_old(&self, now: Timestamp) -> Result<(), Error> {
        self.database
            .write(&DELETE_OLD, &[&now.to_string()])
            .await?;
        Ok(())
    }
}

fn text(size: Size) -> String {
    serde_json::to_string(&size).expect("numbers always serialize")
}

fn size(text: &str) -> Size {
    serde_json::from_str(text).expect("this program writes sizes that it can read")
}

fn record(row: &Row) -> Record {
    let made: Option<&str> = row.get(0);
    let before: Option<&str> = row.get(2);
    let after: Option<&str> = row.get(3);
    Record {
        made: made.map(size),
        shadowed: before.map(size).zip(after.map(size)),
        within_an_hour: u32::try_from(row.get::<_, i64>(1)).unwrap_or(u32::MAX),
        skipped: u32::try_from(row.get::<_, i64>(4)).unwrap_or(u32::MAX),
    }
}

fn open_change(row: &Row) -> OpenChange {
    OpenChange {
        row: row.get(0),
        target: row.get(1),
        resource: row.get(2),
        after: size(row.get(3)),
        rule: row.get(4),
        requested_at: instant(row, 5),
    }
}

fn entry(row: &Row) -> Entry {
    let finished: Option<i64> = row.get(8);
    Entry {
        target: row.get(0),
        resource: row.get(1),
        requested_at: instant(row, 2),
        from: size(row.get(3)),
        to: size(row.get(4)),
        rule: row.get(5),
        cause: row.get(6),
        invocation_id: row.get(7),
        finished_at: finished.map(|_| instant(row, 8)),
        outcome: row.get(9),
        detail: row.get(10),
    }
}

/// Each part reads a few rows from the end of the target's index.
const RECORD: Statement = Statement {
    sql: "SELECT (SELECT size_after::text
                    FROM (SELECT size_after, outcome FROM scale_change
                           WHERE target = $1
                             AND (outcome IS NULL OR outcome IN ('succeeded', 'failed'))
                           ORDER BY requested_at DESC, id DESC LIMIT 1) AS begun
                   WHERE outcome = 'succeeded'),
                 (SELECT count(*) FROM scale_change
                   WHERE target = $1 AND requested_at > $2::timestamptz - interval '1 hour'
                     AND (outcome IS NULL OR outcome IN ('succeeded', 'failed'))),
                 last.size_before::text, last.size_after::text,
                 (SELECT count(*) FROM scale_change AS it
                   WHERE target = $1 AND requested_at > $2::timestamptz - interval '45 minutes'
                     AND outcome = 'left'
                     AND NOT EXISTS (SELECT FROM scale_change AS later
                                      WHERE later.target = $1 AND later.id > it.id
                                        AND later.outcome IS DISTINCT FROM 'left'))
            FROM (SELECT 1) AS one
            LEFT JOIN LATERAL (
                 SELECT size_before, size_after, outcome
                   FROM scale_change
                  WHERE target = $1
                  ORDER BY requested_at DESC, id DESC
                  LIMIT 1) AS last ON last.outcome = 'shadow'",
    types: &[Type::TEXT, Type::TEXT],
};

const OPEN: Statement = Statement {
    sql: "SELECT id, target, resource, size_after::text, rule,
                 (extract(epoch FROM requested_at) * 1000000)::bigint
            FROM scale_change
           WHERE outcome IS NULL
           ORDER BY id",
    types: &[],
};

const BEGIN: Statement = Statement {
    sql: "INSERT INTO scale_change (target, resource, requested_at, size_before, size_after, rule,
                                    cause, invocation_id)
          VALUES ($1, $2, $3::timestamptz, $4::jsonb, $5::jsonb, $6, $7, $8)
          RETURNING id",
    types: &[
        Type::TEXT,
        Type::TEXT,
        Type::TEXT,
        Type::TEXT,
        Type::TEXT,
        Type::TEXT,
        Type::TEXT,
        Type::TEXT,
    ],
};

const END: Statement = Statement {
    sql: "UPDATE scale_change
             SET outcome = $2, finished_at = $3::timestamptz,
                 detail = nullif(concat_ws('; ', $4, detail), '')
           WHERE id = $1 AND outcome IS NULL",
    types: &[Type::INT8, Type::TEXT, Type::TEXT, Type::TEXT],
};

const NOTE: Statement = Statement {
    sql: "UPDATE scale_change SET detail = $2 WHERE id = $1 AND outcome IS NULL",
    types: &[Type::INT8, Type::TEXT],
};

const SINCE: Statement = Statement {
    sql: "SELECT target, resource, (extract(epoch FROM requested_at) * 1000000)::bigint,
                 size_before::text, size_after::text, rule, cause, invocation_id,
                 (extract(epoch FROM finished_at) * 1000000)::bigint, outcome, detail
            FROM scale_change
           WHERE requested_at >= $1::timestamptz AND ($2::text IS NULL OR target = $2)
           ORDER BY requested_at DESC, id DESC
           LIMIT $3",
    types: &[Type::TEXT, Type::TEXT, Type::INT8],
};

const DRIFT: Statement = Statement {
    sql: "SELECT target, count(*) FROM scale_change
           WHERE requested_at >= $1::timestamptz AND cause = 'drift'
             AND outcome IS DISTINCT FROM 'left'
           GROUP BY target
           ORDER BY target",
    types: &[Type::TEXT],
};

/// A few at a time: ticks come far more often than rows grow old.
const DELETE_OLD: Statement = Statement {
    sql: "DELETE FROM scale_change
           WHERE id IN (
                 SELECT id FROM scale_change
                  WHERE requested_at < $1::timestamptz - interval '400 days'
                  ORDER BY requested_at
                  LIMIT 100)",
    types: &[Type::TEXT],
};
