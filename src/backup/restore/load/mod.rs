//! The second step: loads a backup, has its rows proved, and grants. In one transaction, or over several
//! sessions.

mod skipped;

use std::cmp::Reverse;
use std::pin::pin;

use futures_util::SinkExt;
use tokio_postgres::Client;

use super::error::{RestoreError, at};
use super::plan::{Phase, Plan, Step, Table};
use super::report::{Report, require_equal};
use super::source::{Content, Job};
use super::{prove, session};
use crate::backup::progress::Step as ProgressStep;
use crate::backup::work_queue;
use crate::database::{Session, server_message};
use skipped::Skipped;

/// How a table's rows are loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rows {
    /// In the transaction that made the table.
    InTransaction,
    /// In a transaction of their own.
    Alone,
}

/// Does all of the plan over these sessions, which have its settings.
pub(super) async fn fill<C: Content>(
    job: &Job<'_, C>,
    sessions: &[Session],
    plan: &Plan,
    rows: Rows,
) -> Result<Report, RestoreError> {
    let (first, skipped) = (&sessions[0], &Skipped::new(job.options.go_on));
    let run = async |phase| skipped.run(first, plan.steps(phase)).await;
    run(Phase::Definitions).await?;
    let mut tables = skipped.present(first, &plan.tables).await?;
    let all_exist = tables.len() == plan.tables.len();
    if rows == Rows::Alone {
        // The largest first, so that no session has one for itself at the end.
        tables.sort_by_key(|table| Reverse(table.saved.rows));
    }
    work_queue::run(sessions, &tables, |session, table| {
        copy(job, session, table, rows)
    })
    .await?;
    run(Phase::States).await?;
    // The count names every table, and fails where one is missing.
    if all_exist {
        run(Phase::RowCounts).await?;
    }
    work_queue::run(sessions, plan.steps(Phase::Indexes), |session, index| {
        skipped.run(session, [index])
    })
    .await?;
    run(Phase::Finishing).await?;
    let mut notices = plan.notices.clone();
    let mut verification = None;
    // Before the grants: until then their owners have all rights to read the tables.
    if job.options.verify {
        job.progress.begin(ProgressStep::Rows);
        let origin = job.backup.manifest.server.version_number;
        let rows = prove::compare(sessions, &tables, origin).await?;
        require_equal("rows", &rows.differences)?;
        notices.extend(rows.notice());
        verification = Some(rows);
    }
    skipped.run(first, plan.closing()).await?;
    Ok(Report {
        server_version: plan.server_version.clone(),
        verification,
        skipped: skipped.reasons(),
        notices,
        ..Report::default()
    })
}

/// Makes everything that the plan makes but rows, and so does not run the archive's count of them.
pub(super) async fn define(session: &Session, plan: &Plan) -> Result<(), RestoreError> {
    run(session, plan.all_but_rows()).await
}

/// Runs the steps in order.
pub(super) async fn run(
    client: &Client,
    steps: impl IntoIterator<Item = &Step>,
) -> Result<(), RestoreError> {
    for step in steps {
        client.batch_execute(&step.sql).await.map_err(at(step))?;
    }
    Ok(())
}

async fn copy<C: Content>(
    job: &Job<'_, C>,
    client: &Client,
    table: &Table,
    rows: Rows,
) -> Result<(), RestoreError> {
    if rows == Rows::InTransaction {
        return copy_rows(job, client, table).await;
    }
    session::undone_on_error(client, async {
        // A table that this transaction did not make must be emptied in the same one for its rows to be
        // frozen. Nothing refers to it yet.
        let truncate = format!("TRUNCATE TABLE ONLY {}", table.quoted);
        client.batch_execute(&truncate).await.map_err(at(table))?;
        copy_rows(job, client, table).await?;
        client.batch_execute("COMMIT").await.map_err(at(table))
    })
    .await
}

/// Frozen rows need no vacuum later. No other session sees the table before the commit, so none sees
/// rows that are older than themselves.
async fn copy_rows<C: Content>(
    job: &Job<'_, C>,
    client: &Client,
    table: &Table,
) -> Result<(), RestoreError> {
    let copy = format!("COPY {} FROM STDIN WITH (FREEZE)", table.columns);
    let failed = || at(format!("the rows of table {table}"));
    let sink = client.copy_in(&copy).await.map_err(failed())?;
    let mut sink = pin!(sink);
    let mut chunks = job.backup.content.rows(&table.saved);
    while let Some(chunk) = chunks.recv().await {
        // Dropped unfinished, the sink makes the server forget the rows.
        let chunk = chunk.map_err(RestoreError::Damaged)?;
        let bytes = chunk.len() as u64;
        sink.send(chunk).await.map_err(failed())?;
        job.progress.add_bytes(bytes);
    }
    let (taken, expected) = (sink.finish().await.map_err(failed())?, table.saved.rows);
    if taken != expected {
        return Err(RestoreError::Failed(format!(
            "table {table}: the backup has {expected} rows, the server took {taken}"
        )));
    }
    job.progress.add_table(taken);
    Ok(())
}

/// Collects the planner's statistics, which are not part of the backup. A user's function or extended
/// statistics may fail: that is a note.
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
