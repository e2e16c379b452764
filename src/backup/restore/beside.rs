//! Restores beside the target: a temporary database is loaded and verified, and then renamed.

use super::error::RestoreError;
use super::maintenance::{self, Maintenance};
use super::options::Options;
use super::prepare::Prepared;
use super::progress::{Progress, Stage};
use super::rename::{self, Rename};
use super::source::{Backup, Content};
use super::target::Target;
use super::temporary::Temporary;
use super::{Place, Report, names, privileges};
use crate::database::Server;

/// Restores to a database of the name `target`. If one has that name already, `replaces`, it keeps all
/// it holds under another name.
pub(super) async fn restore<C: Content>(
    backup: &Backup<'_, C>,
    server: &Server,
    target: &str,
    replaces: bool,
    options: &Options,
    progress: &Progress,
) -> Result<Report, RestoreError> {
    let maintenance = Maintenance::connect(server, Some(target)).await?;
    maintenance::lock(&maintenance, target).await?;
    privileges::may_create(&maintenance).await?;
    if replaces {
        privileges::may_replace(&maintenance, target).await?;
    }
    let new = Target::temporary(&maintenance).await?;
    let prepared = Prepared::read(backup, &maintenance, &new, options).await?;
    options.bounds.keep(backup.check()).await?;
    let mut notices = maintenance.drop_leftovers(target).await?;

    let name = names::of_restore(&options.run, target);
    let owner = prepared.database_owner.as_deref();
    let temporary = Temporary::create(&maintenance, name, backup.entries, owner).await?;
    let filling = temporary.fill(backup, server, &prepared, options, progress);
    let mut report = match options.bounds.keep(filling).await {
        Ok(report) => report,
        Err(error) => return Err(error.with_leftover(temporary.discard().await)),
    };

    let furnishing = temporary.furnish(backup.entries, &prepared.plan);
    report.notices.extend(furnishing.await);
    progress.enter(Stage::Renaming);
    let old = replaces.then(|| names::of_old(&options.run, target));
    let aside = old.iter().map(|old| Rename {
        from: target,
        to: old,
    });
    let into_place = Rename {
        from: temporary.name(),
        to: target,
    };
    let renames: Vec<Rename> = aside.chain([into_place]).collect();
    rename::all(&maintenance, &renames, options.patience).await?;
    notices.append(&mut report.notices);
    notices.extend(prepared.notices);
    notices.extend(temporary.notice);
    Ok(Report {
        server_version: new.version_name,
        place: old.map_or(Place::New, Place::Replaced),
        owner: prepared.database_owner,
        notices,
        ..report
    })
}
