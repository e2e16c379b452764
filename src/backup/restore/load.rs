//! Definitions, rows, keys: over one connection in one transaction, or over several.

use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::SinkExt;
use futures_util::future::try_join_all;
use tokio_postgres::Client;

use super::error::{RestoreError, at};
use super::plan::{Plan, Step, Table};
use super::progress::{Progress, Stage};
use super::session;
use super::source::Content;
use crate::database::Session;

/// Does all of the plan in the transaction that the connection is in.
pub(super) async fn in_transaction<C: Content>(
    client: &Client,
    plan: &Plan,
    content: &C,
    progress: &Progress,
) -> Result<(), RestoreError> {
    progress.enter(Stage::Loading);
    session::run(client, &plan.settings).await?;
    session::run(client, &plan.definitions).await?;
    for table in &plan.tables {
        rows(client, table, content, progress).await?;
    }
    progress.enter(Stage::Finishing);
    session::run(client, &plan.states).await?;
    session::run(client, &plan.indexes).await?;
    session::run(client, &plan.finishing).await
}

/// Does all of the plan over these connections, into a database that nobody else knows yet: other
/// than in a transaction, what fails leaves something behind.
pub(super) async fn side_by_side<C: Content>(
    sessions: &[Session],
    plan: &Plan,
    content: &C,
    progress: &Progress,
) -> Result<(), RestoreError> {
    progress.enter(Stage::Loading);
    let first = sessions.first().expect("there is at least one connection");
    for session in sessions {
        session::run(session, &plan.settings).await?;
    }
    session::run(first, &plan.definitions).await?;
    // The largest first, so that none is left over for one connection at the end.
    let mut tables: Vec<&Table> = plan.tables.iter().collect();
    tables.sort_by_key(|table| std::cmp::Reverse(table.saved.rows));
    let tables = Queue::new(&tables);
    let loading = sessions.iter();
    try_join_all(loading.map(|session| load_each(session, &tables, content, progress))).await?;
    progress.enter(Stage::Finishing);
    session::run(first, &plan.states).await?;
    let indexes = Queue::new(&plan.indexes);
    try_join_all(sessions.iter().map(|session| run_each(session, &indexes))).await?;
    session::run(first, &plan.finishing).await
}

async fn load_each<C: Content>(
    client: &Client,
    tables: &Queue<'_, &Table>,
    content: &C,
    progress: &Progress,
) -> Result<(), RestoreError> {
    while let Some(table) = tables.next() {
        rows_alone(client, table, content, progress).await?;
    }
    Ok(())
}

async fn run_each(client: &Client, steps: &Queue<'_, Step>) -> Result<(), RestoreError> {
    while let Some(step) = steps.next() {
        session::run(client, std::slice::from_ref(step)).await?;
    }
    Ok(())
}

/// Work that several connections share: each takes the next thing when it is free.
pub(super) struct Queue<'a, T> {
    work: &'a [T],
    taken: AtomicUsize,
}

impl<'a, T> Queue<'a, T> {
    pub(super) fn new(work: &'a [T]) -> Queue<'a, T> {
        Queue {
            work,
            taken: AtomicUsize::new(0),
        }
    }

    pub(super) fn next(&self) -> Option<&'a T> {
        self.work.get(self.taken.fetch_add(1, Ordering::Relaxed))
    }
}

/// A table that this transaction did not make must be emptied in the same one for its rows to be
/// frozen. Nothing refers to it yet.
async fn rows_alone<C: Content>(
    client: &Client,
    table: &Table,
    content: &C,
    progress: &Progress,
) -> Result<(), RestoreError> {
    session::undone_on_error(client, async {
        let truncate = format!("TRUNCATE TABLE ONLY {}", table.quoted);
        client.batch_execute(&truncate).await.map_err(at(table))?;
        rows(client, table, content, progress).await?;
        client.batch_execute("COMMIT").await.map_err(at(table))
    })
    .await
}

/// Frozen rows need no vacuum later. Nobody sees the table before the commit, so nobody sees rows
/// that are older than themselves.
async fn rows<C: Content>(
    client: &Client,
    table: &Table,
    content: &C,
    progress: &Progress,
) -> Result<(), RestoreError> {
    let copy = format!("COPY {} FROM STDIN WITH (FREEZE)", table.columns);
    let failed = || at(format!("the rows of table {table}"));
    let sink = client.copy_in(&copy).await.map_err(failed())?;
    let mut sink = pin!(sink);
    let mut chunks = content.rows(&table.saved);
    while let Some(chunk) = chunks.recv().await {
        // Dropped unfinished, the sink makes the server forget the rows.
        let chunk = chunk.map_err(RestoreError::Damaged)?;
        let bytes = chunk.len();
        sink.send(chunk).await.map_err(failed())?;
        progress.sent(bytes);
    }
    let taken = sink.finish().await.map_err(failed())?;
    if taken != table.saved.rows {
        return Err(RestoreError::Rows {
            table: table.to_string(),
            expected: table.saved.rows,
            taken,
        });
    }
    progress.loaded(taken);
    Ok(())
}

/// Has the planner know the tables before anybody asks for them.
pub(super) async fn analyze(client: &Client, plan: &Plan) -> Result<(), RestoreError> {
    for table in &plan.tables {
        let analyze = format!("ANALYZE {}", table.quoted);
        client.batch_execute(&analyze).await.map_err(at(table))?;
    }
    Ok(())
}
