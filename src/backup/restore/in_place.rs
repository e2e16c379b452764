//! Fills an empty database that exists, in one transaction: for a role that may not create any.

use super::error::{RestoreError, at};
use super::left_out::LeftOut;
use super::load::{self, Rows};
use super::options::Options;
use super::prepare::Prepared;
use super::progress::Progress;
use super::source::{Backup, Content};
use super::target::Target;
use super::{Place, Report, session};
use crate::database::Session;

/// Restores into the database of this session, whose lock it holds.
pub(super) async fn fill<C: Content>(
    backup: &Backup<'_, C>,
    session: Session,
    target: &Target,
    options: &Options,
    progress: &Progress,
) -> Result<Report, RestoreError> {
    if options.go_on {
        return Err(RestoreError::GoOnInPlace(target.database.clone()));
    }
    if options.jobs > 1 {
        return Err(RestoreError::OneConnection {
            database: target.database.clone(),
            jobs: options.jobs,
        });
    }
    let prepared = Prepared::read(backup, &session, target, options).await?;
    options.bounds.keep(backup.check()).await?;
    let sessions = [session];
    let [session] = &sessions;
    let canceller = session.canceller();
    let (plan, rows) = (&prepared.plan, Rows::InTransaction);
    let left_out = LeftOut::new(options.go_on);
    let loading = load::and_verify(&sessions, backup, plan, rows, &left_out, options, progress);
    let work = async {
        let loaded = options.bounds.keep(loading).await;
        if loaded.as_ref().is_err_and(RestoreError::is_interruption) {
            canceller.cancel().await;
        }
        let verification = loaded?;
        commit(session).await?;
        Ok(verification)
    };
    let verification = session::undone_on_error(session, work).await?;
    let mut notices = prepared.notices;
    notices.extend(load::analyze(session, plan).await);
    Ok(Report {
        server_version: target.version_name.clone(),
        place: Place::Empty,
        verification,
        notices,
        ..Report::default()
    })
}

async fn commit(session: &Session) -> Result<(), RestoreError> {
    let committed = session.batch_execute("COMMIT").await;
    committed.map_err(|error| match error.code() {
        Some(_) => at("the commit")(error),
        None => RestoreError::CommitInPlace(error),
    })
}
