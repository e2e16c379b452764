//! The operations that the timers and the command line call.

use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use thiserror::Error;
use tokio_util::sync::CancellationToken;

use super::export::{self, ExportError, export};
use super::restore::{self, Bounds, Roles, Superusers};
use super::restoring::RestoringError;
use super::settings::{Settings, Source, SourceName};
use super::store::{self, Pruning, SourceBackups, SourceBackupsError, Stored, Swept, Verified};
use crate::blob::{BlobError, Blobs};
use crate::clock::Clock;
use crate::database::{self, Server};
use pgarchive::BackupId;
use pgarchive::encryption::Identities;
use pgarchive::manifest::Manifest;

/// The backups: their settings, their store, the time. Clones share them.
#[derive(Clone)]
pub struct Backups {
    shared: Arc<Shared>,
}

struct Shared {
    settings: Settings,
    clock: Clock,
    /// Opened when first needed: a credential is looked up for it.
    blobs: OnceLock<Blobs>,
}

/// Where and how a backup is restored on trial.
pub struct Trial<'a> {
    /// The server.
    pub server: &'a database::Settings,
    /// The keys of an encrypted backup.
    pub identities: Option<&'a Identities>,
    /// The limits that end it early.
    pub bounds: Bounds,
    /// Whether functions that are in the backup may run as a superuser.
    pub superusers: Superusers,
}

/// The store could not be opened.
#[derive(Debug, Error)]
pub enum StoreError {
    /// There is none.
    #[error(
        "there is no place for backups; set BACKUP_URL to az://container/prefix or file:///folder"
    )]
    Nowhere,
    /// It was refused.
    #[error("the store of backups: {0}")]
    Store(#[from] BlobError),
}

/// A backup could not be made.
#[derive(Debug, Error)]
pub enum CreateError {
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The export.
    #[error(transparent)]
    Export(#[from] ExportError),
}

/// A backup was not proved to restore.
#[derive(Debug, Error)]
pub enum DrillError {
    /// It could not be found or read.
    #[error(transparent)]
    SourceBackups(#[from] SourceBackupsError),
    /// It did not restore, or differs.
    #[error("{id} did not restore: {error}")]
    Restore {
        /// The backup.
        id: BackupId,
        /// The cause.
        error: Box<RestoringError>,
    },
    /// It restores, and that could not be written down.
    #[error("{id} restores, and verified.json could not be written: {error}")]
    NotSaid {
        /// The backup.
        id: BackupId,
        /// The cause.
        error: BlobError,
    },
}

impl Backups {
    /// With these settings; nothing is opened yet.
    pub fn new(settings: Settings, clock: Clock) -> Backups {
        Backups {
            shared: Arc::new(Shared {
                settings,
                clock,
                blobs: OnceLock::new(),
            }),
        }
    }

    /// The settings.
    pub fn settings(&self) -> &Settings {
        &self.shared.settings
    }

    /// The clock.
    pub fn clock(&self) -> &Clock {
        &self.shared.clock
    }

    /// The store.
    pub fn blobs(&self) -> Result<Blobs, StoreError> {
        if let Some(blobs) = self.shared.blobs.get() {
            return Ok(blobs.clone());
        }
        let address = self.shared.settings.store.as_ref();
        let blobs = Blobs::open(address.ok_or(StoreError::Nowhere)?)?;
        Ok(self.shared.blobs.get_or_init(|| blobs).clone())
    }

    /// The backups of one source.
    pub fn of_source(&self, source: &SourceName) -> Result<SourceBackups, StoreError> {
        Ok(SourceBackups::new(self.blobs()?, source.clone()))
    }

    /// The sources that the store has folders of, whether or not they are still backed up.
    pub async fn stored_sources(&self) -> Result<Vec<SourceName>, StoreError> {
        let folders = self.blobs()?.folders("").await?;
        let mut names: Vec<SourceName> = folders
            .iter()
            .filter_map(|name| name.parse().ok())
            .collect();
        names.sort();
        Ok(names)
    }

    /// Makes a backup of `source`. The cancellation of `stop` ends it early.
    pub async fn create(
        &self,
        source: &Source,
        deadline: Duration,
        stop: &CancellationToken,
        report: &(dyn Fn(export::Event) + Send + Sync),
    ) -> Result<Manifest, CreateError> {
        let settings = self.settings();
        let options = export::Options {
            stop: stop.clone(),
            ..export::Options::new(settings.jobs, settings.recipients.clone(), deadline)
        };
        Ok(export(source, &self.blobs()?, &options, self.clock(), report).await?)
    }

    /// Restores a backup to a scratch database on the trial's server, compares every row and every
    /// definition, drops it, and writes down that it restores. Databases that dead runs left there are
    /// dropped before.
    pub async fn drill(
        &self,
        source_backups: &SourceBackups,
        stored: &Stored,
        trial: Trial<'_>,
        progress: &restore::Progress,
    ) -> Result<Verified, DrillError> {
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
        let restored = restored.await.map_err(|error| DrillError::Restore {
            id: stored.id.clone(),
            error: Box::new(error),
        })?;
        let took = begun.elapsed().as_millis();
        let verified = Verified {
            verified: (self.clock())(),
            server_version: restored.report.server_version,
            tables: restored.tables,
            rows: restored.rows,
            definitions: restored.report.definitions,
            missing: restored.missing,
            milliseconds: u64::try_from(took).unwrap_or(u64::MAX),
        };
        let said = source_backups.mark_verified(&stored.id, &verified).await;
        said.map_err(|error| DrillError::NotSaid {
            id: stored.id.clone(),
            error,
        })?;
        Ok(verified)
    }

    /// That a server does not answer is told by whoever needs it.
    async fn sweep_server(&self, server: &database::Settings) {
        let swept = restore::sweep(&Server::new(server), (self.clock())()).await;
        let swept = match swept {
            Ok(swept) => swept,
            Err(error) => return log::warn!("what dead runs left was not looked for: {error}"),
        };
        for name in swept.dropped {
            log::info!("database {name} was left by a run that died, and is dropped");
        }
        for (name, reason) in swept.refused {
            log::warn!("database {name} was left by a run that died, and stays: {reason}");
        }
    }

    /// A name for a restore that begins now.
    pub fn run_id(&self) -> BackupId {
        let (run, ..) = uuid::Uuid::new_v4().as_fields();
        BackupId::new((self.clock())(), run)
    }

    /// Deletes what runs that died more than a day ago left of a source in the store.
    pub async fn sweep(&self, source: &SourceName) -> Result<Vec<Swept>, StoreError> {
        let now = (self.clock())();
        Ok(store::sweep(&self.blobs()?, source, now).await?)
    }

    /// Deletes the backups of a source that no rule keeps, or only says which.
    pub async fn prune(
        &self,
        source_backups: &SourceBackups,
        dry_run: bool,
    ) -> Result<Pruning, BlobError> {
        let settings = self.settings();
        let now = (self.clock())();
        source_backups
            .prune(settings.keep, settings.immutable_days, now, dry_run)
            .await
    }
}
