//! Proves that a backup restores, in a database that is made for it and dropped again.

use jiff::{SignedDuration, Timestamp};

use super::error::RestoreError;
use super::maintenance::{Maintenance, databases};
use super::options::Options;
use super::plan::{Plan, Target, privileges};
use super::prove::definitions;
use super::report::{Report, require_equal};
use super::source::{Backup, Job};
use super::temporary::Temporary;
use super::{load, names};
use crate::backup::Progress;
use crate::backup::progress::Step;
use crate::database::Server;
use pgarchive::Entry;

/// Restores `backup` into a temporary database of the server and compares every row and every definition.
/// Drops the database afterwards, or the error says that it could not.
pub async fn prove(
    backup: &Backup<'_>,
    server: &Server,
    options: &Options,
    progress: &Progress,
) -> Result<Report, RestoreError> {
    let job = &Job {
        backup,
        server,
        options,
        progress,
    };
    let maintenance = &Maintenance::connect(server, None).await?;
    privileges::may_create(maintenance, options.superusers).await?;
    let target = Target::temporary(maintenance).await?;
    progress.begin(Step::Files);
    let plan = &Plan::read(job, maintenance, &target).await?;
    let create = || Temporary::create(job, maintenance, plan, names::of_drill(&options.run));

    progress.begin(Step::Load);
    let temporary = create().await?;
    let restored = options.bounds.keep(restore(&temporary, progress)).await;
    progress.begin(Step::Drop);
    let (report, found) = temporary.end(restored).await?;
    progress.begin(Step::Definitions);
    let (archive, with_roles) = (backup.entries, plan.with_roles);
    let mut differences = definitions::differences(&[archive], &found, with_roles);
    if !differences.is_empty() {
        // The server writes some definitions otherwise each time it reads them, and another version
        // of it writes more of them otherwise.
        let temporary = create().await?;
        let made = options.bounds.keep(define(&temporary, plan)).await;
        let made = temporary.end(made).await?;
        differences = definitions::differences(&[archive, &made], &found, with_roles);
    }
    require_equal("definitions", &differences)?;
    Ok(Report {
        definitions: Some(definitions::count(archive, with_roles)),
        ..report
    })
}

/// Restores the backup. Returns the restored definitions too.
async fn restore(
    temporary: &Temporary<'_>,
    progress: &Progress,
) -> Result<(Report, Vec<Entry>), RestoreError> {
    let report = temporary.fill().await?;
    progress.begin(Step::Definitions);
    Ok((
        report,
        definitions::read(&temporary.session().await?).await?,
    ))
}

/// The definitions that the server makes of the archive's, without rows and so without their count.
async fn define(temporary: &Temporary<'_>, plan: &Plan) -> Result<Vec<Entry>, RestoreError> {
    let session = temporary.session().await?;
    load::run(&session, plan.all_but_rows()).await?;
    definitions::read(&session).await
}

/// The databases of runs that died.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sweep {
    /// Those that were dropped.
    pub dropped: Vec<String>,
    /// Those that could not be, each with the reason.
    pub refused: Vec<(String, String)>,
}

/// No run takes that long.
const DEAD_AFTER: SignedDuration = SignedDuration::from_hours(24);

/// Drops the databases of restores and drills that began more than a day ago, unless a session uses them.
pub async fn sweep(server: &Server, now: Timestamp) -> Result<Sweep, RestoreError> {
    let maintenance = Maintenance::connect(server, None).await?;
    let mut sweep = Sweep::default();
    let is_dead = |begun| now.duration_since(begun) > DEAD_AFTER;
    for name in databases(&maintenance).await? {
        if names::begun(&name).is_some_and(is_dead) {
            match maintenance.drop_unused(&name).await {
                Ok(()) => sweep.dropped.push(name),
                Err(reason) => sweep.refused.push((name, reason)),
            }
        }
    }
    Ok(sweep)
}
