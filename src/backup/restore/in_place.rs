//! Fills an empty database that exists, in one transaction: for a role that may not create databases.

use super::error::{RestoreError, at, has_ended};
use super::load::{self, Rows};
use super::plan::{Phase, Plan, Target};
use super::report::Report;
use super::session;
use super::source::{Content, Job};
use crate::database::Session;

/// Restores into the database of this session, which holds its lock.
pub(super) async fn fill<C: Content>(
    job: &Job<'_, C>,
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
    let canceller = session.canceller();
    let work = async {
        load::run(session, plan.steps(Phase::Settings)).await?;
        let filling = load::fill(
            job,
            std::slice::from_ref(session),
            &plan,
            Rows::InTransaction,
        );
        let filled = job.options.bounds.keep(filling).await;
        if let Err(RestoreError::Interrupted | RestoreError::TooLong(_)) = filled {
            canceller.cancel().await;
        }
        let report = filled?;
        commit(session).await?;
        Ok(report)
    };
    let mut report = session::undone_on_error(session, work).await?;
    report.notices.extend(load::analyze(session, &plan).await);
    Ok(report)
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
