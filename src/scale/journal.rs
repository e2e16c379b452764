//! The table `scale_change`: one row for each change, written before Azure receives the request.

use jiff::Timestamp;
use serde::Serialize;
use tokio_postgres::Row;
use tokio_postgres::types::{ToSql, Type};

use super::columns::{size, size_text};
use super::reconcile::{Cause, History, SizeChange};
use crate::database::{Database, Error, Statement};
use schedule::{Size, TargetName};

/// The changes in one database. Clones share its pool.
#[derive(Clone)]
pub struct Journal {
    database: Database,
}

/// A change that will be requested.
pub(super) struct Request<'a> {
    pub(super) target: &'a TargetName,
    pub(super) resource: &'a str,
    pub(super) at: Timestamp,
    pub(super) sizes: SizeChange,
    pub(super) rule: &'a str,
    pub(super) cause: Cause,
    pub(super) invocation_id: &'a str,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ChangeOutcome {
    Succeeded,
    Failed,
    /// Azure did not begin the change: it was busy, or rejected it.
    Skipped,
    /// Shadow mode: Azure received no request.
    Shadow,
}

/// The end of a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Ended {
    pub(super) outcome: ChangeOutcome,
    pub(super) detail: Option<String>,
}

/// A change in progress, or one whose outcome is unknown because its response was lost or its process died.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct OpenChange {
    pub(super) row: i64,
    pub(super) target: String,
    pub(super) resource: String,
    pub(super) after: Size,
    pub(super) rule: String,
    pub(super) requested_at: Timestamp,
}

/// A change in `scale history`.
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
    /// Null while the change is in progress.
    pub(super) outcome: Option<String>,
    pub(super) detail: Option<String>,
}

/// A size that this program changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SizeRecord {
    pub id: i64,
    pub target: String,
    pub from: Size,
    pub to: Size,
    pub finished: Timestamp,
    /// The rule, and whether another party had changed the size.
    pub reason: String,
}

/// A target that another party changed, and how often.
#[derive(Clone, Debug)]
pub(super) struct Drift {
    pub(super) target: String,
    pub(super) changes: i64,
}

impl ChangeOutcome {
    fn as_str(self) -> &'static str {
        match self {
            ChangeOutcome::Succeeded => "succeeded",
            ChangeOutcome::Failed => "failed",
            ChangeOutcome::Skipped => "left",
            ChangeOutcome::Shadow => "shadow",
        }
    }
}

impl Ended {
    pub(super) fn new(outcome: ChangeOutcome) -> Ended {
        Ended {
            outcome,
            detail: None,
        }
    }

    pub(super) fn because(outcome: ChangeOutcome, detail: impl Into<String>) -> Ended {
        Ended {
            outcome,
            detail: Some(detail.into()),
        }
    }
}

impl Journal {
    pub(super) fn new(database: Database) -> Journal {
        Journal { database }
    }

    pub(super) async fn history(
        &self,
        target: &TargetName,
        now: Timestamp,
    ) -> Result<History, Error> {
        let values: [&(dyn ToSql + Sync); 2] = [&target.as_str(), &now];
        let row = self.database.read_first(&HISTORY, &values).await?;
        Ok(row.as_ref().map(history).unwrap_or_default())
    }

    /// The changes without an outcome, the oldest first, also of targets that left the schedule.
    pub(super) async fn open(&self) -> Result<Vec<OpenChange>, Error> {
        let rows = self.database.read(&OPEN, &[]).await?;
        Ok(rows.iter().map(open_change).collect())
    }

    /// Writes a request, and returns the id of its row.
    pub(super) async fn begin(&self, request: &Request<'_>) -> Result<i64, Error> {
        let [from, to] = [request.sizes.from, request.sizes.to].map(size_text);
        let values: [&(dyn ToSql + Sync); 8] = [
            &request.target.as_str(),
            &request.resource,
            &request.at,
            &from,
            &to,
            &request.rule,
            &request.cause.as_str(),
            &request.invocation_id,
        ];
        let row = self.database.write_first(&BEGIN, &values).await?;
        Ok(row.expect("the statement returns its row").get("id"))
    }

    /// Writes the outcome. Its detail goes before the note of the row.
    pub(super) async fn end(&self, row: i64, ended: &Ended, at: Timestamp) -> Result<(), Error> {
        let values: [&(dyn ToSql + Sync); 4] = [&row, &ended.outcome.as_str(), &at, &ended.detail];
        self.database.write(&END, &values).await?;
        Ok(())
    }

    /// Writes a detail of a change without an outcome.
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
        let target = target.map(TargetName::as_str);
        let values: [&(dyn ToSql + Sync); 3] = [&since, &target, &limit];
        let rows = self.database.read(&SINCE, &values).await?;
        Ok(rows.iter().map(entry).collect())
    }

    /// The changes that succeeded since an instant, the oldest first.
    pub async fn succeeded(&self, since: Timestamp) -> Result<Vec<SizeRecord>, Error> {
        let rows = self.database.read(&SUCCEEDED, &[&since]).await?;
        Ok(rows.iter().map(size_record).collect())
    }

    /// The targets with drift since an instant.
    pub(super) async fn drift(&self, since: Timestamp) -> Result<Vec<Drift>, Error> {
        let rows = self.database.read(&DRIFT, &[&since]).await?;
        let drift = rows.iter().map(|row| Drift {
            target: row.get("target"),
            changes: row.get("changes"),
        });
        Ok(drift.collect())
    }

    /// Deletes some of the changes that were requested 400 days ago.
    pub(super) async fn delete_old(&self, now: Timestamp) -> Result<(), Error> {
        self.database.write(&DELETE_OLD, &[&now]).await?;
        Ok(())
    }
}

fn history(row: &Row) -> History {
    let shadowed = size(row, "shadowed_from").zip(size(row, "shadowed_to"));
    let count = |column: &str| u32::try_from(row.get::<_, i64>(column)).unwrap_or(u32::MAX);
    History {
        made: size(row, "made"),
        shadowed: shadowed.map(|(from, to)| SizeChange { from, to }),
        within_an_hour: count("within_an_hour"),
        skipped: count("skipped"),
    }
}

fn open_change(row: &Row) -> OpenChange {
    OpenChange {
        row: row.get("id"),
        target: row.get("target"),
        resource: row.get("resource"),
        after: own_size(row, "size_after"),
        rule: row.get("rule"),
        requested_at: row.get("requested_at"),
    }
}

fn entry(row: &Row) -> Entry {
    Entry {
        target: row.get("target"),
        resource: row.get("resource"),
        requested_at: row.get("requested_at"),
        from: own_size(row, "size_before"),
        to: own_size(row, "size_after"),
        rule: row.get("rule"),
        cause: row.get("cause"),
        invocation_id: row.get("invocation_id"),
        finished_at: row.get("finished_at"),
        outcome: row.get("outcome"),
        detail: row.get("detail"),
    }
}

fn size_record(row: &Row) -> SizeRecord {
    let rule: &str = row.get("rule");
    let drift = match row.get("cause") {
        "drift" => "; another party had changed it",
        _ => "",
    };
    SizeRecord {
        id: row.get("id"),
        target: row.get("target"),
        from: own_size(row, "size_before"),
        to: own_size(row, "size_after"),
        finished: row.get("finished_at"),
        reason: format!("by {rule}{drift}"),
    }
}

fn own_size(row: &Row, column: &str) -> Size {
    size(row, column).expect("this program writes sizes that it can read")
}

/// Each part reads a few rows from the end of the target's index.
const HISTORY: Statement = Statement {
    sql: "SELECT (SELECT size_after::text
                    FROM (SELECT size_after, outcome FROM scale_change
                           WHERE target = $1
                             AND (outcome IS NULL OR outcome IN ('succeeded', 'failed'))
                           ORDER BY requested_at DESC, id DESC LIMIT 1) AS begun
                   WHERE outcome = 'succeeded') AS made,
                 (SELECT count(*) FROM scale_change
                   WHERE target = $1 AND requested_at > $2 - interval '1 hour'
                     AND (outcome IS NULL OR outcome IN ('succeeded', 'failed'))) AS within_an_hour,
                 last.size_before::text AS shadowed_from, last.size_after::text AS shadowed_to,
                 (SELECT count(*) FROM scale_change AS it
                   WHERE target = $1 AND requested_at > $2 - interval '45 minutes'
                     AND outcome = 'left'
                     AND NOT EXISTS (SELECT FROM scale_change AS later
                                      WHERE later.target = $1 AND later.id > it.id
                                        AND later.outcome IS DISTINCT FROM 'left')) AS skipped
            FROM (SELECT 1) AS one
            LEFT JOIN LATERAL (
                 SELECT size_before, size_after, outcome
                   FROM scale_change
                  WHERE target = $1
                  ORDER BY requested_at DESC, id DESC
                  LIMIT 1) AS last ON last.outcome = 'shadow'",
    types: &[Type::TEXT, Type::TIMESTAMPTZ],
};

const OPEN: Statement = Statement {
    sql: "SELECT id, target, resource, size_after::text AS size_after, rule, requested_at
            FROM scale_change
           WHERE outcome IS NULL
           ORDER BY id",
    types: &[],
};

const BEGIN: Statement = Statement {
    sql: "INSERT INTO scale_change (target, resource, requested_at, size_before, size_after, rule,
                                    cause, invocation_id)
          VALUES ($1, $2, $3, $4::jsonb, $5::jsonb, $6, $7, $8)
          RETURNING id",
    types: &[
        Type::TEXT,
        Type::TEXT,
        Type::TIMESTAMPTZ,
        Type::TEXT,
        Type::TEXT,
        Type::TEXT,
        Type::TEXT,
        Type::TEXT,
    ],
};

const END: Statement = Statement {
    sql: "UPDATE scale_change
             SET outcome = $2, finished_at = $3,
                 detail = nullif(concat_ws('; ', $4, detail), '')
           WHERE id = $1 AND outcome IS NULL",
    types: &[Type::INT8, Type::TEXT, Type::TIMESTAMPTZ, Type::TEXT],
};

const NOTE: Statement = Statement {
    sql: "UPDATE scale_change SET detail = $2 WHERE id = $1 AND outcome IS NULL",
    types: &[Type::INT8, Type::TEXT],
};

const SINCE: Statement = Statement {
    sql: "SELECT target, resource, requested_at, size_before::text AS size_before,
                 size_after::text AS size_after, rule, cause, invocation_id, finished_at, outcome,
                 detail
            FROM scale_change
           WHERE requested_at >= $1 AND ($2::text IS NULL OR target = $2)
           ORDER BY requested_at DESC, id DESC
           LIMIT $3",
    types: &[Type::TIMESTAMPTZ, Type::TEXT, Type::INT8],
};

/// A change has a day to succeed, so that the index limits the rows.
const SUCCEEDED: Statement = Statement {
    sql: "SELECT id, target, size_before::text AS size_before, size_after::text AS size_after,
                 rule, cause, finished_at
            FROM scale_change
           WHERE requested_at >= $1 - interval '24 hours'
             AND finished_at >= $1 AND outcome = 'succeeded'
           ORDER BY finished_at, id
           LIMIT 1000",
    types: &[Type::TIMESTAMPTZ],
};

const DRIFT: Statement = Statement {
    sql: "SELECT target, count(*) AS changes FROM scale_change
           WHERE requested_at >= $1 AND cause = 'drift'
             AND outcome IS DISTINCT FROM 'left'
           GROUP BY target
           ORDER BY target",
    types: &[Type::TIMESTAMPTZ],
};

/// A few at a time: ticks are far more frequent than changes.
const DELETE_OLD: Statement = Statement {
    sql: "DELETE FROM scale_change
           WHERE id IN (
                 SELECT id FROM scale_change
                  WHERE requested_at < $1 - interval '400 days'
                  ORDER BY requested_at
                  LIMIT 100)",
    types: &[Type::TIMESTAMPTZ],
};
