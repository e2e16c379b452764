//! The operations that the timers and the command line call.

use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use super::export::{self, ExportError, export};
use super::progress::{Progress, Step};
use super::restore::{self, Bounds, RestoreError, Roles, Superusers, Verification};
use super::settings::{Location, Settings, Source, SourceName};
use super::store::{
    BackupSummary, Compared, Listed, NewestOf, Pruning, Rules, Seconds, SourceBackups, StoreError,
    Stored, Summaries, Swept, Verified,
};
use crate::blob::Blobs;
use crate::clock::{Cached, Clock};
use crate::database::{self, Server};
use crate::exit::{Exit, Failure};
use pgarchive::BackupId;
use pgarchive::encryption::Identities;
use pgarchive::manifest::Manifest;

/// The settings, the store and the clock. Clones share them.
#[derive(Clone)]
pub struct Backups {
    shared: Arc<Shared>,
}

struct Shared {
    settings: Settings,
    clock: Clock,
    /// Opened by the first use, because that searches for a credential.
    blobs: OnceLock<Blobs>,
    copy: OnceLock<Blobs>,
    summaries: Summaries,
    newest: Cached<Arc<[NewestOf]>>,
}

/// How a backup is restored to a scratch database.
pub struct Trial<'a> {
    pub server: &'a database::Settings,
    /// For an encrypted backup.
    pub identities: Option<&'a Identities>,
    /// The limits that end it early.
    pub bounds: Bounds,
    /// Whether functions in the backup may run as a superuser.
    pub superusers: Superusers,
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Failure {
        Failure::new(of_store(&error), error.to_string())
    }
}

/// The exit code of an error of a store.
fn of_store(error: &StoreError) -> Exit {
    match error {
        StoreError::NoCopy => Exit::Usage,
        StoreError::BeingDeleted { .. } | StoreError::HeldAlready(_) => Exit::Refused,
        _ => Exit::Failed,
    }
}

/// The exit code of a failed restore.
pub(super) fn of_restore(error: &RestoreError) -> Exit {
    match error {
        RestoreError::Store(error) => of_store(error),
        RestoreError::Refused(_) => Exit::Refused,
        _ => Exit::Failed,
    }
}

impl Backups {
    pub fn new(settings: Settings, clock: Clock) -> Backups {
        Backups {
            shared: Arc::new(Shared {
                settings,
                clock,
                blobs: OnceLock::new(),
                copy: OnceLock::new(),
                summaries: Summaries::default(),
                newest: Cached::default(),
            }),
        }
    }

    pub fn settings(&self) -> &Settings {
        &self.shared.settings
    }

    pub fn clock(&self) -> &Clock {
        &self.shared.clock
    }

    /// The newest backups as they were read last.
    pub(super) fn last_newest(&self) -> &Cached<Arc<[NewestOf]>> {
        &self.shared.newest
    }

    /// A store. `location` is the one of the two.
    pub fn blobs(&self, location: Location) -> Result<Blobs, StoreError> {
        let Shared {
            settings,
            blobs,
            copy,
            ..
        } = &*self.shared;
        let (opened, missing) = match location {
            Location::Original => (blobs, StoreError::Nowhere),
            Location::Copy => (copy, StoreError::NoCopy),
        };
        if let Some(blobs) = opened.get() {
            return Ok(blobs.clone());
        }
        let blobs = Blobs::open(settings.address(location).ok_or(missing)?)?;
        Ok(opened.get_or_init(|| blobs).clone())
    }

    pub fn of_source(
        &self,
        location: Location,
        source: &SourceName,
    ) -> Result<SourceBackups, StoreError> {
        Ok(SourceBackups::new(self.blobs(location)?, source.clone()))
    }

    /// The sources with a folder in the store, also those that are not backed up any more.
    pub async fn stored_sources(&self, location: Location) -> Result<Vec<SourceName>, StoreError> {
        let folders = self.blobs(location)?.folders("").await?;
        let mut names: Vec<SourceName> = folders
            .iter()
            .filter_map(|name| name.parse().ok())
            .collect();
        names.sort();
        Ok(names)
    }

    /// The backups of a source that are not older than `since`, and in any case the newest `least`, the newest
    /// first.
    pub async fn summaries(
        &self,
        source: &SourceName,
        since: Timestamp,
        least: usize,
    ) -> Result<Vec<Arc<BackupSummary>>, StoreError> {
        let backups = self.of_source(Location::Original, source)?;
        let summaries = &self.shared.summaries;
        summaries
            .read(&backups, since, least, (self.clock())())
            .await
    }

    /// One of the backups of a source.
    pub(super) async fn summary(
        &self,
        source: &SourceName,
        listed: Listed,
    ) -> Result<Arc<BackupSummary>, StoreError> {
        let backups = self.of_source(Location::Original, source)?;
        let summaries = &self.shared.summaries;
        summaries.one(&backups, listed, (self.clock())()).await
    }

    /// Makes a backup of `source`. The cancellation of `stop` ends it early.
    pub(crate) async fn create(
        &self,
        source: &Source,
        deadline: Duration,
        stop: &CancellationToken,
        progress: &Progress,
        report: &(dyn Fn(export::Event) + Send + Sync),
    ) -> Result<Manifest, Failure> {
        let settings = self.settings();
        let options = export::Options {
            stop: stop.clone(),
            compression: settings.compression,
            ..export::Options::new(settings.jobs, settings.recipients.clone(), deadline)
        };
        let blobs = self.blobs(Location::Original)?;
        let exported = export(source, &blobs, &options, self.clock(), progress, report).await;
        self.last_newest().forget().await;
        exported.map_err(|error| {
            let exit = match error {
                ExportError::UnderWay => Exit::Refused,
                _ => Exit::Failed,
            };
            Failure::new(exit, error.to_string())
        })
    }

    /// Restores a backup to a scratch database, compares every row and every definition, drops the database,
    /// and marks the backup as verified. Before that, it drops the scratch databases of runs that died.
    pub(crate) async fn drill(
        &self,
        source_backups: &SourceBackups,
        stored: &Stored,
        trial: Trial<'_>,
        progress: &Progress,
    ) -> Result<Verified, Failure> {
        let begun = Instant::now();
        let server = trial.server;
        Box::pin(self.sweep_server(server)).await;
        let options = restore::Options {
            roles: Roles::Available,
            bounds: trial.bounds,
            superusers: trial.superusers,
            ..restore::Options::new(self.run_id())
        };
        let restored =
            Box::pin(source_backups.prove(stored, server, &options, trial.identities, progress));
        let id = &stored.id;
        let restored = restored.await.map_err(|error| {
            let text = format!("{id} did not restore: {error}");
            Failure::new(of_restore(&error), text)
        })?;
        let took = progress.end();
        let seconds = |step| (took(step).as_secs_f64() * 1000.0).round() / 1000.0;
        let verified = Verified {
            verified: (self.clock())(),
            compared: compared(stored.readable()?, restored.verification.as_ref()),
            server_version: restored.server_version,
            tables: restored.tables,
            rows: restored.rows,
            definitions: restored.definitions,
            missing: restored.missing,
            milliseconds: u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX),
            seconds: Some(Seconds {
                files: seconds(Step::Files),
                load: seconds(Step::Load),
                rows: seconds(Step::Rows),
                definitions: seconds(Step::Definitions),
                drop: seconds(Step::Drop),
            }),
        };
        let marked = source_backups.mark_verified(id, &verified).await;
        self.last_newest().forget().await;
        marked.map_err(|error| {
            let text = format!("{id} restores, but verified.json could not be stored: {error}");
            Failure::new(Exit::Failed, text)
        })?;
        Ok(verified)
    }

    /// A server that does not respond is only a warning here, because the drill itself then fails.
    async fn sweep_server(&self, server: &database::Settings) {
        let swept = restore::sweep(&Server::new(server), (self.clock())()).await;
        let swept = match swept {
            Ok(swept) => swept,
            Err(error) => {
                return log::warn!("cannot search for the databases of dead runs: {error}");
            }
        };
        for name in swept.dropped {
            log::info!("dropped database {name} of a run that died");
        }
        for (name, reason) in swept.refused {
            log::warn!("cannot drop database {name} of a run that died: {reason}");
        }
    }

    /// A name for a restore that begins now.
    pub fn run_id(&self) -> BackupId {
        let (run, ..) = uuid::Uuid::new_v4().as_fields();
        BackupId::new((self.clock())(), run)
    }

    /// Deletes the remains of exports or copies of a source that died more than a day ago.
    pub async fn sweep(
        &self,
        location: Location,
        source: &SourceName,
    ) -> Result<Vec<Swept>, StoreError> {
        let now = (self.clock())();
        self.of_source(location, source)?.sweep(now).await
    }

    /// Deletes the backups of a source that no rule keeps. A dry run only returns the decisions.
    pub async fn prune(
        &self,
        location: Location,
        source: &SourceName,
        dry_run: bool,
    ) -> Result<Pruning, StoreError> {
        let rules = match location {
            Location::Original => self.rules(location, &[]),
            Location::Copy => {
                let originals = self.of_source(Location::Original, source)?;
                self.rules(location, &originals.all().await?)
            }
        };
        let source_backups = self.of_source(location, source)?;
        let now = (self.clock())();
        source_backups.prune(&rules, now, dry_run).await
    }

    /// The rules for keeping the backups of a store. A hold of an original also keeps its copy.
    pub(super) fn rules(&self, location: Location, originals: &[Stored]) -> Rules {
        let settings = self.settings();
        let held = originals.iter().filter_map(|it| {
            let hold = it.hold.as_ref()?;
            Some((it.id.clone(), hold.reason.clone()))
        });
        Rules {
            keep: settings.kept_in(location),
            immutable_days: settings.immutable_days,
            held_elsewhere: held.collect(),
        }
    }
}

/// The tables that a drill compared. They equal the manifest's, or the drill has failed.
fn compared(manifest: &Manifest, rows: Option<&Verification>) -> Vec<Compared> {
    let Some(rows) = rows else {
        return Vec::new();
    };
    let tables = manifest.tables.iter().map(|it| {
        let table = format!("{}.{}", it.schema, it.name);
        let is_summed = !rows.only_counted.contains(&table);
        Compared {
            rows: it.rows,
            row_sum: is_summed.then(|| it.row_sum.clone()),
            table,
        }
    });
    tables.collect()
}
