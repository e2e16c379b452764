//! Loads a backup, proves its rows, and grants: in one transaction, or over several sessions.

use std::pin::pin;

use futures_util::SinkExt;
use futures_util::future::try_join_all;
use tokio_postgres::Client;

use super::error::{RestoreError, at};
use super::job::Job;
use super::left_out::LeftOut;
use super::plan::Plan;
use super::prepare::Prepared;
use super::progress::Progress;
use super::queue::Queue;
use super::report::{Report, Verification};
use super::source::Content;
use super::step::{Step, Table};
use super::{session, verify};
use crate::database::{Session, server_message};

/// How a table's rows are loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rows {
    /// In the transaction that made the table.
    InTransaction,
    /// In a transaction of their own.
    Alone,
}

/// Does all of the plan over these sessions.
pub(super) async fn fill<C: Content>(
    job: &Job<'_, C>,
    sessions: &[Session],
    prepared: &Prepared,
    rows: Rows,
) -> Result<Report, RestoreError> {
    let (plan, left_out) = (&prepared.plan, LeftOut::new(job.options.go_on));
    let mut notices = prepared.notices.clone();
    let tables = load(job, sessions, plan, rows, &left_out).await?;
    // Before the grants: until then all is the owners', and none has lost a right to read it.
    let verification = if job.options.verify {
        let origin = job.backup.manifest.server.version_number;
        let verification = prove(sessions, &tables, origin).await?;
        notices.extend(verification.notice());
        Some(verification)
    } else {
        None
    };
    left_out.run(&sessions[0], &plan.closing).await?;
    Ok(Report {
        server_version: prepared.server_version.clone(),
        verification,
        left_out: left_out.told(),
        notices,
        ..Report::default()
    })
}

async fn prove(
    sessions: &[Session],
    tables: &[&Table],
    origin: i32,
) -> Result<Verification, RestoreError> {
    let verification = verify::compare(sessions, tables, origin).await?;
    if verification.differences.is_empty() {
        return Ok(verification);
    }
    Err(RestoreError::Differs(verification.differences))
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
    job: &Job<'_, C>,
    sessions: &[Session],
    plan: &'a Plan,
    rows: Rows,
    left_out: &LeftOut,
) -> Result<Vec<&'a Table>, RestoreError> {
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
    let loading = loading.map(|session| load_each(job, session, &queue, rows));
    try_join_all(loading).await?;
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
    job: &Job<'_, C>,
    client: &Client,
    tables: &Queue<'_, &Table>,
    rows: Rows,
) -> Result<(), RestoreError> {
    let (content, progress) = (job.backup.content, job.progress);
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
