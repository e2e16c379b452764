//! Fills an empty database that exists, in one transaction: for a role that may not create any.

use super::error::{RestoreError, at, has_ended};
use super::job::Job;
use super::load::{self, Rows};
use super::prepare::Prepared;
use super::report::Report;
use super::session;
use super::source::Content;
use super::target::Target;
use crate::database::Session;

/// Restores into the database of this session, whose lock it holds.
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
        let database = target.database.clone();
        return Err(RestoreError::OneTransaction { database, option });
    }
    let prepared = Prepared::read(job, session, target).await?;
    let canceller = session.canceller();
    let work = async {
        let sessions = std::slice::from_ref(session);
        let filling = load::fill(job, sessions, &prepared, Rows::InTransaction);
        let filled = job.options.bounds.keep(filling).await;
        if filled.as_ref().is_err_and(RestoreError::is_interruption) {
            canceller.cancel().await;
        }
        let report = filled?;
        commit(session).await?;
        Ok(report)
    };
    let mut report = session::undone_on_error(session, work).await?;
    let notices = load::analyze(session, &prepared.plan).await;
    report.notices.extend(notices);
    Ok(report)
}

async fn commit(session: &Session) -> Result<(), RestoreError> {
    let committed = session.batch_execute("COMMIT").await;
    committed.map_err(|error| {
        if has_ended(&error) {
            RestoreError::CommitInPlace(error)
        } else {
            at("the commit")(error)
        }
    })
}
