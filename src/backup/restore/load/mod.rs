//! The second step: loads a backup, has its rows proved, and grants. In one transaction, or over several
//! sessions.

mod rows;

use std::convert::Infallible;

use tokio_postgres::Client;

use super::error::{RestoreError, at, at_optional};
use super::plan::{Phase, Plan, Step, Table};
use super::prove;
use super::report::{Report, require_equal};
use super::source::Job;
use crate::backup::progress::Step as ProgressStep;
use crate::backup::work_queue;
use crate::database::{Session, server_message};

pub(super) use rows::Transaction;

/// Does all of the plan over these sessions, which have its settings.
pub(super) async fn fill(
    job: &Job<'_>,
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
    rows::load(job, sessions, &mut tables, transaction).await?;
    skipped.extend(run(Phase::States).await?);
    // The count names every table, and fails where one is missing.
    if all_exist {
        skipped.extend(run(Phase::RowCounts).await?);
    }
    let indexes = plan.steps(Phase::Indexes);
    let making = work_queue::run(sessions, indexes, |session, index| {
        make(session, [index], go_on)
    });
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
    let ineffective = first.ineffective_grants().into_iter();
    notices.extend(ineffective.map(|warning| {
        format!(
            "a GRANT or REVOKE had no effect, because the restoring role may not grant: {warning}"
        )
    }));
    let manifest = job.backup.manifest;
    Ok(Report {
        server_version: plan.server_version.clone(),
        tables: manifest.tables.len() as u64,
        rows: manifest.rows(),
        missing: manifest.findings.clone(),
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
        let done = client.batch_execute(&step.sql).await;
        done.map_err(at_optional(step, step.without_right))?;
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
            Err(RestoreError::Statement { step, reason, .. }) if go_on && !client.is_closed() => {
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
