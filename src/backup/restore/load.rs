//! Definitions, rows, keys, verification, grants: in one transaction, or over several sessions.

use std::pin::pin;

use futures_util::SinkExt;
use futures_util::future::try_join_all;
use tokio_postgres::Client;

use super::error::{RestoreError, at};
use super::left_out::LeftOut;
use super::options::Options;
use super::plan::{Plan, Step, Table};
use super::progress::{Progress, Stage};
use super::source::{Backup, Content};
use super::verify::{self, Verification};
use super::{queue::Queue, session};
use crate::database::{Session, server_message};

/// How a table's rows are loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rows {
    /// In the transaction that made the table.
    InTransaction,
    /// In a transaction of their own.
    Alone,
}

/// Does all of the plan over these sessions, and verifies the rows.
pub(super) async fn and_verify<C: Content>(
    sessions: &[Session],
    backup: &Backup<'_, C>,
    plan: &Plan,
    rows: Rows,
    left_out: &LeftOut,
    options: &Options,
    progress: &Progress,
) -> Result<Option<Verification>, RestoreError> {
    let tables = load(sessions, plan, rows, left_out, backup.content, progress).await?;
    // Before the grants: until then all is the owners', and none has lost a right to read it.
    let verification = if options.verify {
        let origin = backup.manifest.server.version_number;
        let verification = verify::compare(sessions, &tables, origin, progress).await?;
        if !verification.differences.is_empty() {
            return Err(RestoreError::Differs(verification.differences));
        }
        Some(verification)
    } else {
        None
    };
    left_out.run(&sessions[0], &plan.closing).await?;
    Ok(verification)
}

/// Makes all that the plan makes but rows, and so does not run the archive's count of them.
pub(super) async fn define(session: &Session, plan: &Plan) -> Result<(), RestoreError> {
    for steps in [
        &plan.settings,
        &plan.definitions,
        &plan.states,
        &plan.indexes,
        &plan.finishing,
        &plan.closing,
    ] {
        session::run(session, steps).await?;
    }
    Ok(())
}

/// Returns the tables whose rows were loaded.
async fn load<'a, C: Content>(
    sessions: &[Session],
    plan: &'a Plan,
    rows: Rows,
    left_out: &LeftOut,
    content: &C,
    progress: &Progress,
) -> Result<Vec<&'a Table>, RestoreError> {
    progress.enter(Stage::Loading);
    let first = &sessions[0];
    for session in sessions {
        session::run(session, &plan.settings).await?;
    }
    left_out.run(first, &plan.definitions).await?;
    // The largest first, so that none is left over for one connection at the end.
    let mut tables = left_out.present(first, &plan.tables).await?;
    let all_are_there = tables.len() == plan.tables.len();
    if rows == Rows::Alone {
        tables.sort_by_key(|table| std::cmp::Reverse(table.saved.rows));
    }
    let queue = Queue::new(&tables);
    let loading = sessions.iter();
    let loading = loading.map(|session| load_each(session, &queue, rows, content, progress));
    try_join_all(loading).await?;
    progress.enter(Stage::Finishing);
    left_out.run(first, &plan.states).await?;
    // The count names every table, and fails where one is missing.
    if all_are_there {
        left_out.run(first, &plan.row_counts).await?;
    }
    let indexes = Queue::new(&plan.indexes);
    let making = sessions.iter();
    try_join_all(making.map(|session| run_each(session, &indexes, left_out))).await?;
    left_out.run(first, &plan.finishing).await?;
    Ok(tables)
}

async fn load_each<C: Content>(
    client: &Client,
    tables: &Queue<'_, &Table>,
    rows: Rows,
    content: &C,
    progress: &Progress,
) -> Result<(), RestoreError> {
    while let Some(table) = tables.next() {
        match rows {
            Rows::InTransaction => copy(client, table, content, progress).await?,
            Rows::Alone => copy_alone(client, table, content, progress).await?,
        }
    }
    Ok(())
}

async fn run_each(
    client: &Client,
    steps: &Queue<'_, Step>,
    left_out: &LeftOut,
) -> Result<(), RestoreError> {
    while let Some(step) = steps.next() {
        left_out.run(client, std::slice::from_ref(step)).await?;
    }
    Ok(())
}

/// A table that this transaction did not make must be emptied in the same one for its rows to be
/// frozen. Nothing refers to it yet.
async fn copy_alone<C: Content>(
    client: &Client,
    table: &Table,
    content: &C,
    progress: &Progress,
) -> Result<(), RestoreError> {
    session::undone_on_error(client, async {
        let truncate = format!("TRUNCATE TABLE ONLY {}", table.quoted);
        client.batch_execute(&truncate).await.map_err(at(table))?;
        copy(client, table, content, progress).await?;
        client.batch_execute("COMMIT").await.map_err(at(table))
    })
    .await
}

/// Frozen rows need no vacuum later. No other session sees the table before the commit, so none sees
/// rows that are older than themselves.
async fn copy<C: Content>(
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

/// Collects the planner's statistics. They are not part of the backup: where a user's function or
/// extended statistics fail, that is a notice.
pub(super) async fn analyze(client: &Client, plan: &Plan) -> Vec<String> {
    let mut notices = Vec::new();
    for table in &plan.tables {
        let analyze = format!("ANALYZE {}", table.quoted);
        if let Err(error) = client.batch_execute(&analyze).await {
            let error = server_message(&error);
            notices.push(format!("ANALYZE of table {table} failed: {error}"));
        }
    }
    notices
}
