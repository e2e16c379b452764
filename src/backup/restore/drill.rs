//! Proves that a backup restores, in a database that is made for it and dropped again.

use jiff::{SignedDuration, Timestamp};

use super::error::RestoreError;
use super::job::Job;
use super::maintenance::Maintenance;
use super::options::{Options, Superusers};
use super::prepare::Prepared;
use super::progress::Progress;
use super::report::Report;
use super::source::{Backup, Content};
use super::target::Target;
use super::temporary::Temporary;
use super::{definitions, load, names, privileges};
use crate::database::Server;
use pgarchive::Entry;

/// Restores `backup` into a temporary database of the server and compares every row. The database is
/// dropped afterwards, however that ends; if it cannot be, the error says so.
pub async fn prove<C: Content>(
    backup: &Backup<'_, C>,
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
    if options.superusers == Superusers::Rejected {
        privileges::is_not_superuser(maintenance).await?;
    }
    privileges::may_create(maintenance).await?;
    let new = Target::temporary(maintenance).await?;
    let prepared = &Prepared::read(job, maintenance, &new).await?;
    let drill = Drill {
        job,
        maintenance,
        prepared,
    };
    drill.prove().await
}

struct Drill<'a, C> {
    job: &'a Job<'a, C>,
    maintenance: &'a Maintenance,
    prepared: &'a Prepared,
}

impl<C: Content> Drill<'_, C> {
    async fn prove(&self) -> Result<Report, RestoreError> {
        let bounds = &self.job.options.bounds;
        let temporary = self.create().await?;
        let restored = bounds.keep(self.restore(&temporary)).await;
        let (report, found) = temporary.end(restored).await?;
        let (archive, with_roles) = (self.job.backup.entries, self.prepared.with_roles);
        let mut differences = definitions::differences(&[archive], &found, with_roles);
        if !differences.is_empty() {
            // The server writes some definitions otherwise each time it reads them, and another version
            // of it writes more of them otherwise.
            let temporary = self.create().await?;
            let made = bounds.keep(self.define(&temporary)).await;
            let made = temporary.end(made).await?;
            differences = definitions::differences(&[archive, &made], &found, with_roles);
        }
        if !differences.is_empty() {
            return Err(RestoreError::Redefined(differences));
        }
        Ok(Report {
            definitions: Some(definitions::count(archive, with_roles)),
            ..report
        })
    }

    async fn create(&self) -> Result<Temporary<'_>, RestoreError> {
        let name = names::of_drill(&self.job.options.run);
        let archive = self.job.backup.entries;
        Temporary::create(self.maintenance, name, archive, self.prepared).await
    }

    /// Restores the backup; returns the definitions that came of it.
    async fn restore(
        &self,
        temporary: &Temporary<'_>,
    ) -> Result<(Report, Vec<Entry>), RestoreError> {
        let report = temporary.fill(self.job, self.prepared).await?;
        let session = temporary.session(self.job.server).await?;
        Ok((report, definitions::read(&session).await?))
    }

    /// The definitions that the server makes of the archive's.
    async fn define(&self, temporary: &Temporary<'_>) -> Result<Vec<Entry>, RestoreError> {
        let session = temporary.session(self.job.server).await?;
        load::define(&session, &self.prepared.plan).await?;
        definitions::read(&session).await
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
