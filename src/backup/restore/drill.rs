//! Proves that a backup restores, in a database that is made for it and dropped again.

use jiff::{SignedDuration, Timestamp};

use super::error::RestoreError;
use super::maintenance::Maintenance;
use super::options::{Definitions, Options};
use super::prepare::Prepared;
use super::progress::Progress;
use super::source::{Backup, Content};
use super::target::Target;
use super::temporary::Temporary;
use super::{Report, definitions, names, privileges, session};
use crate::database::Server;

/// Restores `backup` into a temporary database of the server and compares every row. The database is
/// dropped afterwards, however that ends; if it cannot be, the report's notices or the error say so.
pub async fn prove<C: Content>(
    backup: &Backup<'_, C>,
    server: &Server,
    options: &Options,
    progress: &Progress,
) -> Result<Report, RestoreError> {
    let maintenance = Maintenance::connect(server, None).await?;
    privileges::may_create(&maintenance).await?;
    let new = Target::temporary(&maintenance).await?;
    let prepared = Prepared::read(backup, &maintenance, &new, options).await?;
    options.bounds.keep(backup.check()).await?;

    let name = names::of_drill(&options.run);
    let owner = prepared.database_owner.as_deref();
    let temporary = Temporary::create(&maintenance, name, backup.entries, owner).await?;
    let proving = prove_in(&temporary, backup, server, &prepared, options, progress);
    let proven = options.bounds.keep(proving).await;
    let notice = temporary.notice.clone();
    let left = temporary.discard().await;
    let mut report = match proven {
        Ok(report) => report,
        Err(error) => return Err(error.with_leftover(left)),
    };
    report.server_version = new.version_name;
    report.notices.extend(prepared.notices);
    report.notices.extend(notice.into_iter().chain(left));
    Ok(report)
}

async fn prove_in<C: Content>(
    temporary: &Temporary<'_>,
    backup: &Backup<'_, C>,
    server: &Server,
    prepared: &Prepared,
    options: &Options,
    progress: &Progress,
) -> Result<Report, RestoreError> {
    let filling = temporary.fill(backup, server, prepared, options, progress);
    let mut report = filling.await?;
    if options.definitions == Definitions::Taken {
        return Ok(report);
    }
    if !prepared.same_major {
        let why = "definitions were not compared: another major version of PostgreSQL may write \
                   the same in other words";
        report.notices.push(why.to_owned());
        return Ok(report);
    }
    let session = session::connect(server, temporary.name()).await?;
    let compared = definitions::compare(&session, backup.entries, prepared.with_roles).await?;
    report.definitions = Some(compared);
    Ok(report)
}

/// The databases that dead runs left behind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sweep {
    /// Those that were dropped.
    pub dropped: Vec<String>,
    /// Those that could not be, each with the reason.
    pub refused: Vec<(String, String)>,
}

/// No run takes that long.
const DEAD_AFTER: SignedDuration = SignedDuration::from_hours(24);

/// Drops the databases that restores and drills of more than a day ago left behind, unless a session
/// uses them.
pub async fn sweep(server: &Server, now: Timestamp) -> Result<Sweep, RestoreError> {
    let maintenance = Maintenance::connect(server, None).await?;
    let mut sweep = Sweep::default();
    for name in maintenance.databases().await? {
        let is_dead = |begun| now.duration_since(begun) > DEAD_AFTER;
        if !names::begun(&name).is_some_and(is_dead) {
            continue;
        }
        match maintenance.drop_unused(&name).await {
            Ok(()) => sweep.dropped.push(name),
            Err(reason) => sweep.refused.push((name, reason)),
        }
    }
    Ok(sweep)
}
