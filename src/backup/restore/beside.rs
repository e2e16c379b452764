//! Restores beside the target: a temporary database is loaded and proved, and then renamed.

use super::error::RestoreError;
use super::maintenance::{self, Maintenance};
use super::options::Superusers;
use super::plan::{Plan, Target, privileges};
use super::rename::Rename;
use super::report::{Place, Report};
use super::source::Job;
use super::temporary::Temporary;
use super::{names, session};

/// Restores to a database of the name `target`. A database that has this name already keeps its content under
/// another name.
pub(super) async fn restore(job: &Job<'_>, target: &str) -> Result<Report, RestoreError> {
    let options = job.options;
    let maintenance = &Maintenance::connect(job.server, Some(target)).await?;
    maintenance::lock(maintenance, target).await?;
    let old = old_name(job, maintenance, target).await?;
    let new = Target::temporary(maintenance).await?;
    let plan = &Plan::read(job, maintenance, &new).await?;
    let leftovers = maintenance.drop_leftovers(target).await?;

    let name = names::of_restore(&options.run, target);
    let mut temporary = Temporary::create(job, maintenance, plan, name).await?;
    let filled = async {
        let report = options.bounds.keep(temporary.fill()).await?;
        temporary.set_properties().await?;
        Ok(report)
    };
    let report = match filled.await {
        Ok(report) => report,
        failed => return temporary.end(failed).await,
    };
    let rename = Rename {
        server: job.server,
        maintenance,
        temporary: &temporary.name,
        wanted: target,
        old: old.as_deref(),
        options,
    };
    rename.run().await?;
    Ok(Report {
        place: old.map_or(Place::New, Place::Replaced),
        owner: plan.database_owner.clone(),
        notices: [leftovers, report.notices, temporary.notices].concat(),
        ..report
    })
}

/// Checks the rights that the restore needs. Returns the new name of the database that has the target's; `None`
/// if none has. Until the target was locked, another restore could give the name to one.
async fn old_name(
    job: &Job<'_>,
    maintenance: &Maintenance,
    target: &str,
) -> Result<Option<String>, RestoreError> {
    let existing = session::connect_if_exists(job.server, target).await?;
    if let Some(session) = &existing {
        Target::read(session).await?.may_be_replaced(job.options)?;
    }
    privileges::may_create(maintenance, Superusers::Allowed).await?;
    if existing.is_none() {
        return Ok(None);
    }
    privileges::may_replace(maintenance, target).await?;
    let databases = maintenance::databases(maintenance).await?;
    Ok(Some(names::of_old(&job.options.run, target, &databases)))
}
