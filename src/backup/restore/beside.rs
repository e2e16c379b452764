//! Restores beside the target: a temporary database is loaded and proved, and then renamed.

use super::error::RestoreError;
use super::job::Job;
use super::maintenance::{self, Maintenance};
use super::prepare::Prepared;
use super::rename::{self, Rename};
use super::report::{Place, Report};
use super::source::Content;
use super::target::Target;
use super::temporary::Temporary;
use super::{names, privileges, session};

/// Restores to a database of the name `target`. If one has that name already, it keeps all it holds under
/// another name.
pub(super) async fn restore<C: Content>(
    job: &Job<'_, C>,
    target: &str,
) -> Result<Report, RestoreError> {
    let (run, bounds) = (&job.options.run, &job.options.bounds);
    let maintenance = Maintenance::connect(job.server, Some(target)).await?;
    maintenance::lock(&maintenance, target).await?;
    let replaces = may_replace(job, target).await?;
    privileges::may_create(&maintenance).await?;
    let old = if replaces {
        privileges::may_replace(&maintenance, target).await?;
        Some(names::of_old(run, target, &maintenance.databases().await?))
    } else {
        None
    };
    let new = Target::temporary(&maintenance).await?;
    let prepared = Prepared::read(job, &maintenance, &new).await?;
    let leftovers = maintenance.drop_leftovers(target).await?;

    let name = names::of_restore(run, target);
    let temporary = Temporary::create(&maintenance, name, job.backup.entries, &prepared).await?;
    let filling = async {
        let report = bounds.keep(temporary.fill(job, &prepared)).await?;
        let furnishing = temporary.furnish(job.backup.entries, &prepared.plan);
        Ok((report, furnishing.await?))
    };
    let (report, not_furnished) = match filling.await {
        Ok(filled) => filled,
        Err(error) => return temporary.end(Err(error)).await,
    };

    let aside = old.as_deref().map(|old| Rename {
        from: target,
        to: old,
    });
    let into_place = Rename {
        from: temporary.name(),
        to: target,
    };
    let renames: Vec<Rename> = aside.into_iter().chain([into_place]).collect();
    rename::all(&maintenance, &renames, job.options.patience).await?;
    let notices = [leftovers, report.notices, not_furnished].concat();
    Ok(Report {
        place: old.map_or(Place::New, Place::Replaced),
        owner: prepared.database_owner,
        notices: notices.into_iter().chain(temporary.notice).collect(),
        ..report
    })
}

/// Whether a database has the name and may be replaced. Until the target was locked, another restore could
/// give the name to one.
async fn may_replace<C>(job: &Job<'_, C>, target: &str) -> Result<bool, RestoreError> {
    let Some(session) = job.server.connect_to(target).await? else {
        return Ok(false);
    };
    session::prepare(&session).await?;
    let target = Target::read(&session).await?;
    target.may_be_replaced(job.options)?;
    Ok(true)
}
