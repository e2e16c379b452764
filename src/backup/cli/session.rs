//! The parts that verbs share: the choice of sources and backups, and failures.

use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use thiserror::Error;
use tokio_util::sync::CancellationToken;

use super::One;
use crate::backup::export::ExportError;
use crate::backup::restore::RestoreError;
use crate::backup::{
    BackupError, Backups, COPY_STORE, Location, STORE, Settings, Source, SourceBackups, SourceName,
    StoreError, Stored,
};
use crate::exit::Exit;
use crate::{database, environment};
use pgarchive::BackupId;
use pgarchive::encryption::{Identities, IdentityError};

/// Why a verb failed.
#[derive(Debug, Error)]
pub(crate) enum Failure {
    #[error("{0}; name one with --source")]
    WhichSource(String),
    #[error(
        "{0} is not in BACKUP_DATABASES; add it there, and set its BACKUP_DATABASE_URL_… to its \
         address"
    )]
    NotConfigured(SourceName),
    #[error(
        "no database is named in BACKUP_DATABASES; set it, and a BACKUP_DATABASE_URL_… for each name"
    )]
    NoSources,
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Backup(#[from] BackupError),
    #[error("{}", restored(.0))]
    Restore(#[from] RestoreError),
    #[error(transparent)]
    Identity(#[from] IdentityError),
    #[error(transparent)]
    Target(#[from] database::SettingsError),
    #[error("--restore needs a server; name one with --on or in DRILL_DATABASE_URL")]
    NoServer,
    #[error("the folder {} does not exist, so it has no backups; check {variable}", folder.display())]
    NoStore {
        folder: PathBuf,
        variable: &'static str,
    },
    #[error("{0} names no database; add its name: postgres://user@host/name")]
    NoDatabase(String),
    #[error("the period from {since} to {until} is empty; let --since be before --until")]
    Period { since: Timestamp, until: Timestamp },
    #[error("interrupted")]
    Interrupted,
    #[error(
        "interrupted, and the clean-up did not end within {0:?}; `magnusapi backup prune` and the next restore \
         delete remaining files and databases"
    )]
    NotCleanedUp(Duration),
    #[error("{0} of the backup's objects could not be restored; they are listed above")]
    LeftOut(usize),
    /// Of a verb that works on several sources, or finds several faults.
    #[error("{}", .0.join("; "))]
    Several(Vec<String>, Exit),
    /// A failure after a signal, which explains most of them.
    #[error(transparent)]
    Stopped(Box<Failure>),
    #[error("the store refused: {0}")]
    Refused(String),
    #[error("{0} has no hold")]
    NotHeld(BackupId),
}

impl Failure {
    pub(crate) fn exit(&self) -> Exit {
        match self {
            Failure::WhichSource(_)
            | Failure::NotConfigured(_)
            | Failure::Period { .. }
            | Failure::NoSources
            | Failure::NoDatabase(_)
            | Failure::Identity(_)
            | Failure::Target(_)
            | Failure::NoServer => Exit::Usage,
            Failure::LeftOut(_) => Exit::Degraded,
            Failure::NotHeld(_) => Exit::NothingToDo,
            Failure::Refused(_) => Exit::Refused,
            Failure::Store(error) => of_store(error),
            Failure::Backup(error) => of_backup(error),
            Failure::Restore(error) => of_restore(error),
            Failure::Several(_, exit) => *exit,
            Failure::Interrupted | Failure::NotCleanedUp(_) | Failure::Stopped(_) => {
                Exit::Interrupted
            }
            Failure::NoStore { .. } => Exit::Failed,
        }
    }
}

fn of_store(error: &StoreError) -> Exit {
    match error {
        StoreError::NoCopy => Exit::Usage,
        StoreError::BeingDeleted { .. } | StoreError::HeldAlready(_) => Exit::Refused,
        _ => Exit::Failed,
    }
}

pub(super) fn of_backup(error: &BackupError) -> Exit {
    match error {
        BackupError::Store(error) => of_store(error),
        BackupError::Export(ExportError::UnderWay) => Exit::Refused,
        BackupError::Restore { error, .. } => of_restore(error),
        BackupError::Export(_) | BackupError::NotMarked { .. } => Exit::Failed,
    }
}

fn of_restore(error: &RestoreError) -> Exit {
    match error {
        RestoreError::Store(error) => of_store(error),
        RestoreError::Refused(_) => Exit::Refused,
        _ => Exit::Failed,
    }
}

fn restored(error: &RestoreError) -> String {
    if error.left_nothing() {
        format!("nothing was restored: {error}")
    } else {
        error.to_string()
    }
}

/// The backups that the verbs work on.
pub(super) struct Session {
    pub(super) backups: Backups,
    /// Cancelled by SIGINT and SIGTERM.
    pub(super) stop: CancellationToken,
    /// The store that the verb reads.
    pub(super) from: Location,
}

impl Session {
    pub(super) fn new(backups: Backups, stop: CancellationToken, from: Location) -> Session {
        Session {
            backups,
            stop,
            from,
        }
    }

    /// The end of a command line that reads the same store.
    pub(super) fn store_option(&self) -> &'static str {
        match self.from {
            Location::Original => "",
            Location::Copy => " --from copy",
        }
    }

    /// Checks that the folder of a named store exists, because a verb that only reads must not create it.
    pub(super) fn require_store(&self) -> Result<(), Failure> {
        let settings = self.settings();
        let variable = match self.from {
            Location::Original if settings.store_is_named => STORE.url,
            Location::Original => return Ok(()),
            Location::Copy => COPY_STORE.url,
        };
        let store = settings.address(self.from).ok_or(StoreError::NoCopy)?;
        match store.missing_folder() {
            None => Ok(()),
            Some(folder) => Err(Failure::NoStore {
                folder: folder.to_owned(),
                variable,
            }),
        }
    }

    /// The address of the store.
    pub(super) fn address(&self) -> String {
        let address = self.settings().address(self.from);
        address.map_or_else(String::new, ToString::to_string)
    }

    pub(super) fn settings(&self) -> &Settings {
        self.backups.settings()
    }

    /// The sources to back up: the named one, or all.
    pub(super) fn configured(&self, named: Option<&SourceName>) -> Result<Vec<&Source>, Failure> {
        let settings = self.settings();
        match named {
            Some(name) => {
                let source = settings.source(name);
                Ok(vec![
                    source.ok_or_else(|| Failure::NotConfigured(name.clone()))?,
                ])
            }
            None if settings.sources.is_empty() => Err(Failure::NoSources),
            None => Ok(settings.sources.iter().collect()),
        }
    }

    /// The identities for encrypted backups: from the named file, or from the setting.
    pub(super) fn identities(&self, file: Option<&Path>) -> Result<Option<Identities>, Failure> {
        match file {
            Some(file) => Ok(Some(Identities::read(file)?)),
            None => Ok(self.settings().identities.clone()),
        }
    }

    /// The backups of each source: the named one, or all in the store. The settings do not name them after a
    /// loss of everything but the store.
    pub(super) async fn each_source(
        &self,
        only: Option<&SourceName>,
    ) -> Result<Vec<SourceBackups>, Failure> {
        let names = match only {
            Some(name) => vec![name.clone()],
            None => self.backups.stored_sources(self.from).await?,
        };
        let each_source = names
            .iter()
            .map(|name| self.backups.of_source(self.from, name));
        Ok(each_source.collect::<Result<_, _>>()?)
    }

    /// The selected backup, and the backups of its source.
    pub(super) async fn one(&self, one: &One) -> Result<(SourceBackups, Stored), Failure> {
        let configured: Vec<&SourceName> = self.settings().names().collect();
        let name = match (&one.source, &configured[..]) {
            (Some(name), _) => name.clone(),
            (None, [only]) => (*only).clone(),
            (None, _) => the_only_one(self.backups.stored_sources(self.from).await?)?,
        };
        let source_backups = self.backups.of_source(self.from, &name)?;
        let stored = source_backups.find(&one.id).await?;
        Ok((source_backups, stored))
    }
}

fn the_only_one(mut names: Vec<SourceName>) -> Result<SourceName, Failure> {
    match names.len() {
        0 => Err(Failure::WhichSource("the store has no backups".to_owned())),
        1 => Ok(names.remove(0)),
        _ => {
            let names: Vec<&str> = names.iter().map(SourceName::as_str).collect();
            let text = format!("the store has backups of {}", names.join(", "));
            Err(Failure::WhichSource(text))
        }
    }
}

/// The database that an option names, with the `PG…` variables except those of its address.
pub(super) fn target(option: &str, url: &str, auth: &str) -> Result<database::Settings, Failure> {
    const LOGIN: &str = "--auth";
    let origin = database::Origin {
        url: option.to_owned(),
        auth: LOGIN.to_owned(),
    };
    let read = database::Settings::read_from(origin, |name| match name {
        LOGIN => Some(auth.to_owned()),
        "PGHOST" | "PGPORT" | "PGDATABASE" => None,
        name if name == option => Some(url.to_owned()),
        name => environment::variable(name),
    });
    Ok(read?.expect("an address is given, so a database is named"))
}
