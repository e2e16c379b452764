//! The table `scale_change`: one row for each change, written before Azure receives the request.

use jiff::Timestamp;
use serde::Serialize;
use tokio_postgres::Row;

use super::columns::{size, size_text};
use super::reconcile::{Cause, History, SizeChange};
use crate::database::{Database, Error, Parameter};
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

/// A change, as `scale history` prints it.
#[derive(Clone, Debug, Serialize)]
pub struct ChangeRecord {
    #[serde(skip)]
    pub id: i64,
    pub target: String,
    pub resource: String,
    pub requested_at: Timestamp,
    pub from: Size,
    pub to: Size,
    pub rule: String,
    pub cause: String,
    pub invocation_id: String,
    pub finished_at: Option<Timestamp>,
    /// Null while the change is in progress, and if its response was lost or its process died.
    pub outcome: Option<String>,
    pub detail: Option<String>,
}

/// Changes of one target, with one outcome and one cause.
#[derive(Clone, Debug)]
pub(super) struct ChangeCount {
    pub(super) target: String,
    /// `unfinished` without an outcome.
    pub(super) outcome: String,
    is_drift: bool,
    pub(super) changes: i64,
}

impl ChangeCount {
    /// The number of changes that reverted another party's change.
    pub(super) fn drift(&self) -> i64 {
        if self.is_drift && self.outcome != ChangeOutcome::Skipped.as_str() {
            self.changes
        } else {
            0
        }
    }
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
        let row = self
            .database
            .read_first(HISTORY, &[&target.as_str(), &now])
            .await?;
        Ok(row.as_ref().map(history).unwrap_or_default())
    }

    /// The changes without an outcome, the oldest first, also of targets that left the schedule.
    pub(super) async fn open(&self) -> Result<Vec<ChangeRecord>, Error> {
        self.records(OPEN, &[]).await
    }

    /// Writes a request, and returns the id of its row.
    pub(super) async fn begin(&self, request: &Request<'_>) -> Result<i64, Error> {
        let [from, to] = [request.sizes.from, request.sizes.to].map(size_text);
        let values: [&dyn Parameter; 8] = [
            &request.target.as_str(),
            &request.resource,
            &request.at,
            &from,
            &to,
            &request.rule,
            &request.cause.as_str(),
            &request.invocation_id,
        ];
        let row = self.database.write_first(BEGIN, &values).await?;
        Ok(row.expect("the statement returns its row").get("id"))
    }

    /// Writes the outcome. Its detail goes before the note of the row.
    pub(super) async fn end(&self, row: i64, ended: &Ended, at: Timestamp) -> Result<(), Error> {
        let values: [&dyn Parameter; 4] = [&row, &ended.outcome.as_str(), &at, &ended.detail];
        self.database.write(END, &values).await?;
        Ok(())
    }

    /// Writes a detail of a change without an outcome.
    pub(super) async fn note(&self, row: i64, detail: &str) -> Result<(), Error> {
        self.database.write(NOTE, &[&row, &detail]).await?;
        Ok(())
    }

    /// The changes since an instant, the newest first, of one target or of all.
    pub(super) async fn since(
        &self,
        since: Timestamp,
        target: Option<&TargetName>,
        limit: i64,
    ) -> Result<Vec<ChangeRecord>, Error> {
        let target = target.map(TargetName::as_str);
        self.records(SINCE, &[&since, &target, &limit]).await
    }

    /// The changes that succeeded since an instant, the oldest first.
    pub async fn succeeded(&self, since: Timestamp) -> Result<Vec<ChangeRecord>, Error> {
        self.records(SUCCEEDED, &[&since]).await
    }

    async fn records(
        &self,
        statement: &str,
        values: &[&dyn Parameter],
    ) -> Result<Vec<ChangeRecord>, Error> {
        let rows = self.database.read(statement, values).await?;
        let records: Vec<ChangeRecord> = rows.iter().filter_map(change_record).collect();
        let unreadable = rows.len() - records.len();
        if unreadable > 0 {
            log::warn!(
                "scale_change: skips {unreadable} of {} changes, because a newer version of this program wrote sizes \
                 that this version cannot read; deploy that version again to see them",
                rows.len()
            );
        }
        Ok(records)
    }

    /// The numbers of changes since an instant, in the order of their targets.
    pub(super) async fn counts(&self, since: Timestamp) -> Result<Vec<ChangeCount>, Error> {
        let rows = self.database.read(COUNTS, &[&since]).await?;
        let counts = rows.iter().map(|row| ChangeCount {
            target: row.get("target"),
            outcome: row.get("outcome"),
            is_drift: row.get("is_drift"),
            changes: row.get("changes"),
        });
        Ok(counts.collect())
    }

    /// Deletes some of the changes that were requested 400 days ago.
    pub(super) async fn delete_old(&self, now: Timestamp) -> Result<(), Error> {
        self.database.write(DELETE_OLD, &[&now]).await?;
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

/// `None`: a newer program wrote sizes of a form that this one does not know.
fn change_record(row: &Row) -> Option<ChangeRecord> {
    let (from, to) = size(row, "size_before").zip(size(row, "size_after"))?;
    Some(ChangeRecord {
        id: row.get("id"),
        target: row.get("target"),
        resource: row.get("resource"),
        requested_at: row.get("requested_at"),
        from,
        to,
        rule: row.get("rule"),
        cause: row.get("cause"),
        invocation_id: row.get("invocation_id"),
        finished_at: row.get("finished_at"),
        outcome: row.get("outcome"),
        detail: row.get("detail"),
    })
}

/// A statement that returns changes.
macro_rules! changes {
    ($selected:literal) => {
        concat!(
            "SELECT id, target, resource, requested_at, size_before::text AS size_before,
                    size_after::text AS size_after, rule, cause, invocation_id, finished_at,
                    outcome, detail
               FROM scale_change ",
            $selected
        )
    };
}

/// Each part reads a few rows from the end of the target's index.
const HISTORY: &str = "\
    SELECT (SELECT size_after::text
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
            LIMIT 1) AS last ON last.outcome = 'shadow'";

const OPEN: &str = changes!("WHERE outcome IS NULL ORDER BY id");

const BEGIN: &str = "\
    INSERT INTO scale_change (target, resource, requested_at, size_before, size_after, rule,
                              cause, invocation_id)
    VALUES ($1, $2, $3, $4::jsonb, $5::jsonb, $6, $7, $8)
    RETURNING id";

const END: &str = "\
    UPDATE scale_change
       SET outcome = $2, finished_at = $3,
           detail = nullif(concat_ws('; ', $4, detail), '')
     WHERE id = $1 AND outcome IS NULL";

const NOTE: &str = "UPDATE scale_change SET detail = $2 WHERE id = $1 AND outcome IS NULL";

const SINCE: &str = changes!(
    "WHERE requested_at >= $1 AND ($2::text IS NULL OR target = $2)
     ORDER BY requested_at DESC, id DESC
     LIMIT $3"
);

/// A change has a day to succeed, so that the index limits the rows.
const SUCCEEDED: &str = changes!(
    "WHERE requested_at >= $1 - interval '24 hours'
       AND finished_at >= $1 AND outcome = 'succeeded'
     ORDER BY finished_at, id
     LIMIT 1000"
);

const COUNTS: &str = "\
    SELECT target, coalesce(outcome, 'unfinished') AS outcome, cause = 'drift' AS is_drift,
           count(*) AS changes
      FROM scale_change
     WHERE requested_at >= $1
     GROUP BY 1, 2, 3
     ORDER BY 1";

/// A few at a time: ticks are far more frequent than changes.
const DELETE_OLD: &str = "\
    DELETE FROM scale_change
     WHERE id IN (
           SELECT id FROM scale_change
            WHERE requested_at < $1 - interval '400 days'
            ORDER BY requested_at
            LIMIT 100)";
