//! The rows of the tables, each table over one session or over all.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::mem;
use std::pin::pin;

use bytes::Bytes;
use futures_util::SinkExt;
use futures_util::future::try_join_all;
use tokio::sync::Mutex;
use tokio::sync::mpsc::Receiver;
use tokio_postgres::Client;

use super::super::error::{Failure, RestoreError, at};
use super::super::plan::Table;
use super::super::source::Job;
use crate::backup::work_queue;
use crate::database::Session;

/// The transaction that loads a table's rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Transaction {
    /// The one that made the table, which the caller begins and commits.
    OfCaller,
    OfEachTable,
}

/// The smallest table that several sessions load at once, in bytes of COPY text. Its rows are not frozen, so
/// that a vacuum writes them again later.
const DIVIDED: u64 = 16 * 1024 * 1024;

/// Loads the rows of all tables. All sessions load a table that has more than the share of one of them: otherwise
/// the others would wait for its end.
pub(super) async fn load(
    job: &Job<'_>,
    sessions: &[Session],
    tables: &mut Vec<&Table>,
    transaction: Transaction,
) -> Result<(), RestoreError> {
    let files = job.backup.manifest.files.iter();
    let files: HashMap<&str, u64> = files
        .map(|file| (file.name.as_str(), file.content_bytes))
        .collect();
    let bytes = |table: &Table| {
        files
            .get(table.saved.file.as_str())
            .copied()
            .unwrap_or_default()
    };
    if transaction == Transaction::OfEachTable {
        // The largest first, so that no session has one for itself at the end.
        tables.sort_by_key(|table| Reverse(bytes(table)));
    }
    let all: u64 = tables.iter().map(|table| bytes(table)).sum();
    let share = (all / sessions.len() as u64).max(DIVIDED);
    let divided = match sessions {
        [_] => 0,
        _ => tables.partition_point(|table| bytes(table) > share),
    };
    let (divided, whole) = tables.split_at(divided);
    for table in divided {
        let rows = &Rows::of(job, table);
        let copying = sessions.iter().map(|session| rows.copy(session, ""));
        rows.check(try_join_all(copying).await?.iter().sum())?;
    }
    let loading = work_queue::run(sessions, whole, |session, table| {
        load_whole(job, session, table, transaction)
    });
    loading.await.map(|_| ())
}

/// Loads a table's rows frozen, so that they need no vacuum later. No other session sees the table before the
/// commit, so none sees rows that are older than themselves.
async fn load_whole(
    job: &Job<'_>,
    client: &Client,
    table: &Table,
    transaction: Transaction,
) -> Result<(), RestoreError> {
    if transaction == Transaction::OfEachTable {
        // A transaction that did not make the table must empty it. Nothing refers to it yet.
        let begin = format!("BEGIN; TRUNCATE TABLE ONLY {}", table.quoted);
        client.batch_execute(&begin).await.map_err(at(table))?;
    }
    let rows = Rows::of(job, table);
    let taken = rows.copy(client, " WITH (FREEZE)").await?;
    rows.check(taken)?;
    if transaction == Transaction::OfEachTable {
        client.batch_execute("COMMIT").await.map_err(at(table))?;
    }
    Ok(())
}

/// The rows of a table, for one session or several.
struct Rows<'a> {
    job: &'a Job<'a>,
    table: &'a Table,
    arriving: Mutex<Arriving>,
}

#[derive(Default)]
struct Arriving {
    /// From the first COPY on.
    chunks: Option<Receiver<Result<Bytes, Failure>>>,
    /// The beginning of a row.
    begun: Bytes,
}

impl<'a> Rows<'a> {
    fn of(job: &'a Job<'a>, table: &'a Table) -> Rows<'a> {
        Rows {
            job,
            table,
            arriving: Mutex::default(),
        }
    }

    /// Copies the rows that no other session takes. Returns how many there were.
    async fn copy(&self, client: &Client, options: &str) -> Result<u64, RestoreError> {
        let table = self.table;
        let failed = || at(format!("the rows of table {table}"));
        let copy = format!("COPY {} FROM STDIN{options}", table.columns);
        let sink = client.copy_in(&copy).await.map_err(failed())?;
        let mut sink = pin!(sink);
        let mut arriving = self.arriving.lock().await;
        while let Some(chunk) = self.next(&mut arriving).await {
            // Dropped unfinished, the sink makes the server forget the rows.
            let mut chunk = chunk.map_err(|failure| {
                RestoreError::Damaged(format!("table {table}: {failure}").into())
            })?;
            self.job.progress.add_bytes(chunk.len() as u64);
            let begun = mem::take(&mut arriving.begun);
            sink.feed(begun).await.map_err(failed())?;
            // In the middle of a long row, the session keeps its turn.
            if let Some(end) = chunk.iter().rposition(|byte| *byte == b'\n') {
                arriving.begun = chunk.split_off(end + 1);
                drop(arriving);
                sink.feed(chunk).await.map_err(failed())?;
                arriving = self.arriving.lock().await;
            } else {
                sink.feed(chunk).await.map_err(failed())?;
            }
        }
        let last = mem::take(&mut arriving.begun);
        drop(arriving);
        sink.feed(last).await.map_err(failed())?;
        sink.finish().await.map_err(failed())
    }

    async fn next(&self, arriving: &mut Arriving) -> Option<Result<Bytes, Failure>> {
        let content = self.job.backup.content;
        let chunks = &mut arriving.chunks;
        let chunks = chunks.get_or_insert_with(|| content.rows(&self.table.saved));
        chunks.recv().await
    }

    /// Compares the number of rows that the server took with the manifest's.
    fn check(&self, taken: u64) -> Result<(), RestoreError> {
        let (table, expected) = (self.table, self.table.saved.rows);
        if taken != expected {
            return Err(RestoreError::Failed(format!(
                "table {table}: the backup has {expected} rows, the server took {taken}"
            )));
        }
        self.job.progress.add_table(taken);
        Ok(())
    }
}
