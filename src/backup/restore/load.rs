//! The second step: loads a backup, has its rows proved, and grants. In one transaction, or over several
//! sessions.

use std::cmp::Reverse;
use std::convert::Infallible;
use std::pin::pin;

use futures_util::SinkExt;
use tokio_postgres::Client;

use super::error::{RestoreError, at};
use super::plan::{Phase, Plan, Step, Table};
use super::prove;
use super::report::{Report, require_equal};
use super::source::{Content, Job};
use crate::backup::progress::Step as ProgressStep;
use crate::backup::work_queue;
use crate::database::{Session, server_message};

/// The transaction that loads a table's rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Transaction {
    /// The one that made the table, which the caller begins and commits.
    OfCaller,
    OfEachTable,
}

/// Does all of the plan over these sessions, which have its settings.
pub(super) async fn fill<C: Content>(
    job: &Job<'_, C>,
    sessions: &[Session],
    plan: &Plan,
    transaction: Transaction,
) -> Result<Report, RestoreError> {
    let (first, go_on) = (&sessions[0], job.options.go_on);
    let run = async |phase| make(first, plan.steps(phase), go_on).await;
    let mut skipped = run(Phase::Definitions).await?;
    let mut tables: Vec<&Table> = plan.tables.iter().collect();
    if go_on {
        skipped.extend(skip_missing(first, &mut tables).await?);
    }
    let all_exist = tables.len() == plan.tables.len();
    if transaction == Transaction::OfEachTable {
        // The largest first, so that no session has one for itself at the end.
        tables.sort_by_key(|table| Reverse(table.saved.rows));
    }
    work_queue::run(sessions, &tables, |session, table| {
        copy(job, session, table, transaction)
    })
    .await?;
    skipped.extend(run(Phase::States).await?);
    // The count names every table, and fails where one is missing.
    if all_exist {
        skipped.extend(run(Phase::RowCounts).await?);
    }
    let indexes = plan.steps(Phase::Indexes);
    let making = work_queue::run(sessions, indexes, |session, index| make(session, [index], go_on));
    skipped.extend(making.await?.concat());
    skipped.extend(run(Phase::Finishing).await?);
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
    skipped.extend(make(first, plan.closing(), go_on).await?);
    Ok(Report {
        server_version: plan.server_version.clone(),
        verification,
        skipped,
        notices,
        ..Report::default()
    })
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

/// Runs the steps in order. Where the restore may go on, it skips objects that the server rejects, and returns
/// them with the reasons. A connection that ended is not an object that can be skipped.
async fn make(
    client: &Client,
    steps: impl IntoIterator<Item = &Step>,
    go_on: bool,
) -> Result<Vec<String>, RestoreError> {
    let mut skipped = Vec::new();
    for step in steps {
        match run(client, [step]).await {
            Err(RestoreError::Statement { step, reason }) if go_on && !client.is_closed() => {
                skipped.push(format!("{step}: {reason}"));
            }
            done => done?,
        }
    }
    Ok(skipped)
}

/// Removes the tables that do not exist, and returns why their rows are skipped.
async fn skip_missing(
    client: &Client,
    tables: &mut Vec<&Table>,
) -> Result<Vec<String>, RestoreError> {
    let missing = "SELECT name FROM unnest($1::text[]) AS name
                    WHERE pg_catalog.to_regclass(name) IS NULL";
    let names: Vec<&String> = tables.iter().map(|table| &table.quoted).collect();
    let rows = client.query(missing, &[&names]).await;
    let rows = rows.map_err(at("looking for the tables"))?;
    let missing: Vec<&str> = rows.iter().map(|row| row.get(0)).collect();
    let is_missing = |table: &mut &Table| missing.contains(&table.quoted.as_str());
    let skipped = tables.extract_if(.., is_missing).map(|table| {
        let rows = table.saved.rows;
        format!("the {rows} rows of table {table}: there is no such table")
    });
    Ok(skipped.collect())
}

/// Loads a table's rows frozen, so that they need no vacuum later. No other session sees the table before the
/// commit, so none sees rows that are older than themselves.
async fn copy<C: Content>(
    job: &Job<'_, C>,
    client: &Client,
    table: &Table,
    transaction: Transaction,
) -> Result<(), RestoreError> {
    let failed = || at(format!("the rows of table {table}"));
    if transaction == Transaction::OfEachTable {
        // A transaction that did not make the table must empty it. Nothing refers to it yet.
        let begin = format!("BEGIN; TRUNCATE TABLE ONLY {}", table.quoted);
        client.batch_execute(&begin).await.map_err(failed())?;
    }
    let copy = format!("COPY {} FROM STDIN WITH (FREEZE)", table.columns);
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
    if transaction == Transaction::OfEachTable {
        client.batch_execute("COMMIT").await.map_err(failed())?;
    }
    job.progress.add_table(taken);
    Ok(())
}

/// Collects the planner's statistics, which are not part of the backup. A user's function or extended
/// statistics may fail: that is a note.
pub(super) async fn analyze(sessions: &[Session], plan: &Plan) -> Vec<String> {
    let analyzing = work_queue::run(sessions, &plan.tables, |session, table| async move {
        let analyze = format!("ANALYZE {}", table.quoted);
        let analyzed = session.batch_execute(&analyze).await;
        let error = analyzed.err().map(|error| server_message(&error));
        Ok::<_, Infallible>(error.map(|it| format!("ANALYZE of table {table} failed: {it}")))
    });
    let Ok(failures) = analyzing.await;
    failures.into_iter().flatten().collect()
}
