//! Fills an empty database that exists, in one transaction: for a role that may not create databases.

use super::error::{RestoreError, at, has_ended};
use super::load::{self, Transaction};
use super::plan::{Phase, Plan, Target};
use super::report::Report;
use super::source::Job;
use crate::database::Session;

/// Restores into the database of this session, which holds its lock.
pub(super) async fn fill(
    job: &Job<'_>,
    session: &Session,
    target: &Target,
) -> Result<Report, RestoreError> {
    let options = [
        ("--go-on", job.options.go_on),
        ("--jobs", job.options.jobs > 1),
    ];
    if let Some((option, _)) = options.into_iter().find(|(_, is_set)| *is_set) {
        let database = &target.database;
        return Err(RestoreError::Failed(format!(
            "database {database} exists and is empty, so one transaction fills it, which cannot take \
             {option}; leave that out, or drop the database or restore to another name"
        )));
    }
    let plan = Plan::read(job, session, target).await?;
    let sessions = std::slice::from_ref(session);
    let begun = session.batch_execute("BEGIN").await;
    begun.map_err(at("the transaction's begin"))?;
    let filling = async {
        load::run(session, plan.steps(Phase::Settings)).await?;
        load::fill(job, sessions, &plan, Transaction::OfCaller).await
    };
    match job.options.bounds.keep(filling).await {
        Ok(mut report) => {
            commit(session).await?;
            report.notices.extend(load::analyze(sessions, &plan).await);
            Ok(report)
        }
        Err(error) => {
            if matches!(error, RestoreError::Interrupted | RestoreError::TooLong(_)) {
                session.canceller().cancel().await;
            }
            // An error here says that the connection has ended, and with it the transaction.
            let _ = session.batch_execute("ROLLBACK").await;
            Err(error)
        }
    }
}

async fn commit(session: &Session) -> Result<(), RestoreError> {
    match session.batch_execute("COMMIT").await {
        Err(error) if has_ended(&error) => Err(RestoreError::Uncertain(format!(
            "the connection ended during the commit ({error}), so the restore may have taken effect or \
             not; run it again: it either completes or says that the database is not empty"
        ))),
        committed => committed.map_err(at("the commit")),
    }
}
