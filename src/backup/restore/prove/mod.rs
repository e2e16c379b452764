//! The third step: reads tables back and compares them with the manifest.
//!
//! A row is compared as the text that COPY makes of it. A server before 12 writes floating-point
//! numbers with other digits than a later one, so between these a table with such columns can only
//! be counted; the report names it.

pub(super) mod definitions;

use bytes::Bytes;
use tokio::sync::mpsc;
use tokio::task::spawn_blocking;

use super::error::{RestoreError, at};
use super::plan::Table;
use super::report::Verification;
use crate::backup::export::ranges::Range;
use crate::backup::{Mismatch, work_queue};
use crate::database::{CopyError, Session};
use pgarchive::row_sum::RowSum;
use pgarchive::{FrameError, Frames};

/// Pieces of a table that may wait to be summed.
const WAITING: usize = 2;

/// Compares tables of a backup with those of the database, over several connections, which also share a large
/// table. `origin` is the version of the server that was backed up.
pub(super) async fn compare(
    sessions: &[Session],
    tables: &[&Table],
    origin: i32,
) -> Result<Verification, RestoreError> {
    let names: Vec<&String> = tables.iter().map(|table| &table.quoted).collect();
    let present = sessions[0].query(PRESENT, &[&names, &origin]).await;
    let present = present.map_err(at("looking at the restored tables"))?;
    let pieces = present.iter().zip(tables).enumerate();
    let pieces = pieces.flat_map(|(place, (present, table))| {
        let (pages, version) = (present.get("pages"), present.get("version"));
        let ranges = Range::of(pages, &table.saved.columns, version);
        ranges.into_iter().map(move |range| (place, range))
    });
    let pieces: Vec<(usize, Range)> = pieces.collect();
    let read = work_queue::run(sessions, &pieces, |session, (place, range)| {
        read_back(session, tables[*place], *range)
    });
    let mut found = vec![(0, RowSum::default()); tables.len()];
    for ((place, _), (rows, sum)) in pieces.iter().zip(read.await?) {
        let (all_rows, all) = &mut found[*place];
        *all_rows += rows;
        all.add_all(sum);
    }
    let mut verification = Verification::default();
    for ((table, present), (found, sum)) in tables.iter().zip(present).zip(found) {
        let (saved, expected) = (&table.saved, table.saved.rows);
        let text = if found != expected {
            format!("it has {found} rows, and the backup has {expected}")
        } else if present.get("written_otherwise") {
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

/// The size of each table, and whether this server writes its rows otherwise than the one that was backed up. A
/// domain is written by its base type's function, an array by its element's. PostgreSQL 12 wrote the shortest
/// digits first.
const PRESENT: &str = "\
    SELECT pg_catalog.pg_relation_size(name::regclass)
               / current_setting('block_size')::integer AS pages,
           current_setting('server_version_num')::integer AS version,
           ($2 >= 120000) <> (current_setting('server_version_num')::integer >= 120000)
           AND EXISTS (SELECT
                         FROM pg_catalog.pg_attribute AS a
                         JOIN pg_catalog.pg_type AS t ON t.oid = a.atttypid
                         LEFT JOIN pg_catalog.pg_type AS e
                           ON e.oid = t.typelem AND t.typlen = -1
                        WHERE a.attrelid = name::regclass
                          AND a.attnum > 0 AND NOT a.attisdropped
                          AND ARRAY[t.typoutput::text, e.typoutput::text]
                              && '{float4out, float8out, point_out, lseg_out, path_out, box_out,
                                   poly_out, line_out, circle_out}'::text[]) AS written_otherwise
      FROM unnest($1::text[]) WITH ORDINALITY AS tables (name, place)
     ORDER BY place";

/// As an export reads them, past `tokio_postgres`.
async fn read_back(
    session: &Session,
    table: &Table,
    range: Range,
) -> Result<(u64, RowSum), RestoreError> {
    let step = format!("reading table {table} back");
    let (rows, rows_to_sum) = mpsc::channel(WAITING);
    let summing = spawn_blocking(move || sum(rows_to_sum));
    let saved = &table.saved;
    let copy = range.copy_out(&saved.schema, &saved.name, &saved.columns);
    let (copied, summed) = tokio::join!(session.copy_out(&copy, rows), summing);
    // The server sent something else than rows.
    let unreadable = |reason: String| RestoreError::Statement {
        step: step.clone(),
        reason,
        remedy: String::new(),
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
