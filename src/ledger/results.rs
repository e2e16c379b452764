//! The results of runs: in numbers, for metrics, and with their details.

use jiff::Timestamp;
use tokio_postgres::Row;

use super::Ledger;
use crate::database::Error;

/// The runs of a timer.
#[derive(Clone, Debug)]
pub struct RunTotals {
    pub function: String,
    /// The end of the last run that succeeded.
    pub last_success: Option<Timestamp>,
    /// The duration of the last run that ended.
    pub last_milliseconds: Option<i64>,
    /// The runs with a slot of the last 24 hours, by outcome.
    pub outcomes: [(&'static str, i64); 5],
}

/// A run that has a result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PastRun {
    pub slot: Timestamp,
    pub has_succeeded: bool,
    /// Its details, as JSON.
    pub summary: String,
}

/// The outcomes as columns. `unfinished` is running, or its process ended.
const OUTCOMES: [&str; 5] = [
    "succeeded",
    "degraded",
    "failed",
    "interrupted",
    "unfinished",
];

impl Ledger {
    /// The runs of these functions.
    pub async fn totals(
        &self,
        functions: &[&str],
        now: Timestamp,
    ) -> Result<Vec<RunTotals>, Error> {
        let rows = self.database.read(TOTALS, &[&functions, &now]).await?;
        Ok(rows.iter().map(totals).collect())
    }

    /// The start and the summary of the last run of a function that ended.
    pub async fn last_summary(&self, function: &str) -> Result<Option<(Timestamp, String)>, Error> {
        let row = self.database.read_first(LAST_SUMMARY, &[&function]).await?;
        Ok(row.map(|row| (row.get("started_at"), row.get("summary"))))
    }

    /// The runs of `function` that have a result, for slots since `since`, the oldest first.
    pub async fn finished_since(
        &self,
        function: &str,
        since: Timestamp,
    ) -> Result<Vec<PastRun>, Error> {
        let rows = self
            .database
            .read(FINISHED_SINCE, &[&function, &since])
            .await?;
        let runs = rows.iter().map(|row| PastRun {
            slot: row.get("slot"),
            has_succeeded: row.get("has_succeeded"),
            summary: row.get("summary"),
        });
        Ok(runs.collect())
    }
}

fn totals(row: &Row) -> RunTotals {
    RunTotals {
        function: row.get("function"),
        last_success: row.get("success"),
        last_milliseconds: row.get("milliseconds"),
        outcomes: OUTCOMES.map(|outcome| (outcome, row.get(outcome))),
    }
}

const TOTALS: &str = "\
    SELECT wanted.function, success.success, ended.milliseconds,
           day.succeeded, day.degraded, day.failed, day.interrupted, day.unfinished
      FROM unnest($1) AS wanted (function)
      LEFT JOIN LATERAL (
           SELECT finished_at AS success
             FROM function_run
            WHERE function = wanted.function AND outcome = 'succeeded'
            ORDER BY slot DESC
            LIMIT 1) AS success ON true
      LEFT JOIN LATERAL (
           SELECT (extract(epoch FROM finished_at - started_at) * 1000)::bigint AS milliseconds
             FROM function_run
            WHERE function = wanted.function AND outcome IS NOT NULL
            ORDER BY slot DESC
            LIMIT 1) AS ended ON true
     CROSS JOIN LATERAL (
           SELECT count(*) FILTER (WHERE outcome = 'succeeded') AS succeeded,
                  count(*) FILTER (WHERE degraded) AS degraded,
                  count(*) FILTER (WHERE outcome = 'failed' AND NOT degraded
                                     AND NOT is_interrupted) AS failed,
                  count(*) FILTER (WHERE is_interrupted) AS interrupted,
                  count(*) FILTER (WHERE outcome IS NULL) AS unfinished
             FROM (SELECT outcome, degraded,
                          coalesce(summary ->> 'interrupted' = 'true', false)
                          AS is_interrupted
                     FROM function_run
                    WHERE function = wanted.function
                      AND slot > $2 - interval '24 hours') AS runs) AS day";

const LAST_SUMMARY: &str = "\
    SELECT started_at, summary::text AS summary FROM function_run
     WHERE function = $1 AND outcome IS NOT NULL
     ORDER BY slot DESC
     LIMIT 1";

const FINISHED_SINCE: &str = "\
    SELECT slot, outcome = 'succeeded' AS has_succeeded, summary::text AS summary
      FROM function_run
     WHERE function = $1 AND slot >= $2 AND outcome IS NOT NULL
     ORDER BY slot";
