//! The third step: reads tables back and compares them with the manifest.
//!
//! A row is compared as the text that COPY makes of it. A server before 12 writes floating-point
//! numbers with other digits than a later one, so between these a table with such columns can only
//! be counted; the report names it.

pub(super) mod definitions;

use std::collections::HashSet;

use bytes::Bytes;
use tokio::sync::mpsc;
use tokio::task::spawn_blocking;
use tokio_postgres::Client;

use super::error::{RestoreError, at};
use super::plan::Table;
use super::report::Verification;
use crate::backup::{Mismatch, work_queue};
use crate::database::{CopyError, Session};
use pgarchive::row_sum::RowSum;
use pgarchive::{FrameError, Frames};

/// Pieces of a table that may wait to be summed.
const WAITING: usize = 2;

/// Compares tables of a backup with those of the database, over several connections. `origin` is the version of
/// the server that was backed up.
pub(super) async fn compare(
    sessions: &[Session],
    tables: &[&Table],
    origin: i32,
) -> Result<Verification, RestoreError> {
    let written_otherwise = written_otherwise(&sessions[0], origin).await?;
    let read = work_queue::run(sessions, tables, |session, table| read_back(session, table));
    let mut verification = Verification::default();
    for (table, (found, sum)) in tables.iter().zip(read.await?) {
        let (saved, expected) = (&table.saved, table.saved.rows);
        let text = if found != expected {
            format!("it has {found} rows, and the backup has {expected}")
        } else if written_otherwise.contains(&(saved.schema.clone(), saved.name.clone())) {
            verification.only_counted.push(table.to_string());
            continue;
        } else if sum.to_string() == saved.row_sum {
            verification.equal += 1;
            continue;
        } else {
            format!("it has {found} rows, and not all of them equal the backup's")
        };
        let object = format!("table {table}");
        verification.differences.push(Mismatch { object, text });
    }
    Ok(verification)
}

/// As an export reads them, past `tokio_postgres`.
async fn read_back(session: &Session, table: &Table) -> Result<(u64, RowSum), RestoreError> {
    let step = format!("reading table {table} back");
    let (rows, rows_to_sum) = mpsc::channel(WAITING);
    let summing = spawn_blocking(move || sum(rows_to_sum));
    let copy = format!("COPY {} TO STDOUT", table.columns);
    let (copied, summed) = tokio::join!(session.copy_out(&copy, rows), summing);
    // The server sent something else than rows.
    let unreadable = |reason: String| RestoreError::Statement {
        step: step.clone(),
        reason,
    };
    let rows = copied.map_err(|error| match error {
        CopyError::Failed(error) => at(&step)(error),
        error => unreadable(error.to_string()),
    })?;
    let summed = summed.expect("summing does not panic");
    let (_, sum) = summed.map_err(|error| unreadable(error.to_string()))?;
    Ok((rows, sum))
}

fn sum(mut rows: mpsc::Receiver<Bytes>) -> Result<(u64, RowSum), FrameError> {
    let mut frames = Frames::default();
    while let Some(chunk) = rows.blocking_recv() {
        frames.push(&chunk, |_| ())?;
    }
    frames.finish()
}

/// The tables that this server writes otherwise than the one that was backed up.
async fn written_otherwise(
    client: &Client,
    origin: i32,
) -> Result<HashSet<(String, String)>, RestoreError> {
    let rows = client.query(FLOATING, &[&origin]).await;
    let rows = rows.map_err(at("looking for floating-point columns"))?;
    Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
}

/// A domain is written by its base type's function, an array by its element's. PostgreSQL 12 wrote
/// the shortest digits first.
const FLOATING: &str = "\
    SELECT DISTINCT n.nspname::text, c.relname::text
      FROM pg_catalog.pg_attribute AS a
      JOIN pg_catalog.pg_class AS c ON c.oid = a.attrelid
      JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
      JOIN pg_catalog.pg_type AS t ON t.oid = a.atttypid
      LEFT JOIN pg_catalog.pg_type AS e ON e.oid = t.typelem AND t.typlen = -1
     WHERE ($1 >= 120000) <> (current_setting('server_version_num')::integer >= 120000)
       AND c.relkind IN ('r', 'p') AND a.attnum > 0 AND NOT a.attisdropped
       AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
       AND ARRAY[t.typoutput::text, e.typoutput::text]
           && '{float4out, float8out, point_out, lseg_out, path_out, box_out, poly_out, line_out,
                circle_out}'::text[]";
