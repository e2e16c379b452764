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
use crate::backup::archive::Entry;
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

    let drill = Drill {
        backup,
        server,
        maintenance: &maintenance,
        prepared: &prepared,
        options,
    };
    let mut report = drill.prove(progress).await?;
    report.server_version = new.version_name;
    report.notices.extend(prepared.notices);
    Ok(report)
}

struct Drill<'a, C> {
    backup: &'a Backup<'a, C>,
    server: &'a Server,
    maintenance: &'a Maintenance,
    prepared: &'a Prepared,
    options: &'a Options,
}

impl<C: Content> Drill<'_, C> {
    async fn prove(&self, progress: &Progress) -> Result<Report, RestoreError> {
        let bounds = &self.options.bounds;
        let temporary = self.create().await?;
        let restored = bounds.keep(self.restore(&temporary, progress)).await;
        let (mut report, found) = end(temporary, restored).await?;
        let Some(found) = found else {
            return Ok(report);
        };
        let (archive, with_roles) = (self.backup.entries, self.prepared.with_roles);
        let mut differences = definitions::differences(&[archive], &found, with_roles);
        if !differences.is_empty() {
            // The server writes some definitions otherwise each time it reads them.
            let temporary = self.create().await?;
            let made = bounds.keep(self.define(&temporary)).await;
            let (_, made) = end(temporary, made).await?;
            differences = definitions::differences(&[archive, &made], &found, with_roles);
        }
        if !differences.is_empty() {
            return Err(RestoreError::Redefined(differences));
        }
        report.definitions = Some(definitions::count(archive, with_roles));
        Ok(report)
    }

    async fn create(&self) -> Result<Temporary<'_>, RestoreError> {
        let name = names::of_drill(&self.options.run);
        let owner = self.prepared.database_owner.as_deref();
        Temporary::create(self.maintenance, name, self.backup.entries, owner).await
    }

    /// Restores the backup; returns the definitions that came of it, if they are to be compared.
    async fn restore(
        &self,
        temporary: &Temporary<'_>,
        progress: &Progress,
    ) -> Result<(Report, Option<Vec<Entry>>), RestoreError> {
        let (prepared, options) = (self.prepared, self.options);
        let filling = temporary.fill(self.backup, self.server, prepared, options, progress);
        let mut report = filling.await?;
        if options.definitions == Definitions::Taken {
            return Ok((report, None));
        }
        if !prepared.same_major {
            let why = "definitions were not compared: another major version of PostgreSQL may \
                       write the same in other words";
            report.notices.push(why.to_owned());
            return Ok((report, None));
        }
        let session = session::connect(self.server, temporary.name()).await?;
        let found = definitions::read(&session).await?;
        Ok((report, Some(found)))
    }

    /// The definitions that the server makes of the archive's.
    async fn define(
        &self,
        temporary: &Temporary<'_>,
    ) -> Result<(Report, Vec<Entry>), RestoreError> {
        let session = temporary.define(self.server, &self.prepared.plan).await?;
        Ok((Report::default(), definitions::read(&session).await?))
    }
}

/// Drops the database, however the work in it ended.
async fn end<T>(
    temporary: Temporary<'_>,
    done: Result<(Report, T), RestoreError>,
) -> Result<(Report, T), RestoreError> {
    let notice = temporary.notice.clone();
    let left = temporary.discard().await;
    match done {
        Ok((mut report, value)) => {
            report.notices.extend(notice.into_iter().chain(left));
            Ok((report, value))
        }
        Err(error) => Err(error.with_leftover(left)),
    }
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
