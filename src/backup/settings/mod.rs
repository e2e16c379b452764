//! The settings of backups, each with its variable, unit and default.
//!
//! | module | purpose |
//! |---|---|
//! | `read` | the settings from their variables |
//! | `source` | the databases that are backed up |
//! | `keep` | how many backups are kept |

mod keep;
mod read;
mod source;

use clap::ValueEnum;
use jiff::SignedDuration;

use crate::blob::{BlobAddress, BlobSettings};
use crate::database::Settings as DatabaseSettings;
use crate::environment::SettingError;
use crate::health::Status;
use pgarchive::Compression;
use pgarchive::encryption::{Identities, Recipients};

pub use keep::Keep;
pub use source::{Source, SourceName};

/// The names of the settings of the store of backups.
pub const STORE: BlobSettings = BlobSettings {
    url: "BACKUP_URL",
    account: "BACKUP_STORAGE_ACCOUNT",
    endpoint: "BACKUP_STORAGE_ENDPOINT",
    key: "BACKUP_STORAGE_KEY",
    wait: "BACKUP_STORAGE_WAIT",
};

/// The names of the settings of the second location.
pub const COPY_STORE: BlobSettings = BlobSettings {
    url: "BACKUP_COPY_URL",
    account: "BACKUP_COPY_STORAGE_ACCOUNT",
    endpoint: "BACKUP_COPY_STORAGE_ENDPOINT",
    key: "BACKUP_COPY_STORAGE_KEY",
    wait: "BACKUP_COPY_STORAGE_WAIT",
};

/// Which of the two stores of backups.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Location {
    /// `BACKUP_URL`, where backups are made.
    Original,
    /// `BACKUP_COPY_URL`.
    Copy,
}

#[derive(Clone, Debug)]
pub struct Settings {
    /// `BACKUP_DATABASES`: the databases to back up.
    pub sources: Vec<Source>,
    /// Those in `BACKUP_DATABASES` without an address. Only operations that connect to these databases
    /// need one: see [`Settings::require_addresses`].
    pub without_address: Vec<SourceName>,
    /// `BACKUP_URL`: the store of backups. By default a folder beside the data of the private database;
    /// `None` without a home folder.
    pub store: Option<BlobAddress>,
    /// Whether `BACKUP_URL` is set.
    pub store_is_named: bool,
    /// `BACKUP_JOBS`: tables of one database that are read at the same time, 1 to 8, default 2.
    pub jobs: usize,
    /// `BACKUP_COMPRESSION`: `gzip` or `zstd`, or one of them with a level. Default gzip, which every
    /// `pg_restore` reads.
    pub compression: Compression,
    /// `BACKUP_KEEP`.
    pub keep: Keep,
    /// `BACKUP_COPY_URL`: the second location of backups.
    pub copy: Option<BlobAddress>,
    /// `BACKUP_COPY_KEEP`: as `BACKUP_KEEP`, which is the default.
    pub copy_keep: Keep,
    /// `BACKUP_IMMUTABLE_DAYS`: the store refuses deletions for this time, so pruning does not try.
    /// Default 0.
    pub immutable_days: u32,
    /// `BACKUP_RECIPIENTS`: age public keys, separated by commas. Without any, backups are not encrypted.
    pub recipients: Recipients,
    /// `DRILL_DATABASE_URL`, `DRILL_DATABASE_AUTH`: the server of the restore drills.
    pub drill: Option<DatabaseSettings>,
    /// `DRILL_AFTER`: when drills run.
    pub drill_after: DrillAfter,
    /// `DRILL_IDENTITY`: the age identity that opens encrypted backups, as `age-keygen` writes it.
    pub identities: Option<Identities>,
    /// `BACKUP_WARN_AFTER`, `BACKUP_FAIL_AFTER`: hours, default 26 and 50.
    pub age: AgeLimits,
    /// `DRILL_WARN_AFTER`, `DRILL_FAIL_AFTER`: hours, default 192 (eight days) and 360 (fifteen). If drills run
    /// after each backup, the default is `age`.
    pub verified_age: AgeLimits,
}

/// The ages from which on a backup is a warning and a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AgeLimits {
    pub warn: SignedDuration,
    pub fail: SignedDuration,
}

impl AgeLimits {
    /// The status of a newest backup of this age. A missing one is a warning only, because it is unknown since when
    /// there should be one.
    pub fn status(&self, age: Option<SignedDuration>) -> Status {
        match age {
            Some(age) if age >= self.fail => Status::Fail,
            Some(age) if age < self.warn => Status::Ok,
            _ => Status::Warn,
        }
    }
}

/// When drills run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DrillAfter {
    /// On their own schedule: the newest backup of each source.
    Schedule,
    /// After each backup; on their own schedule, the newest backups that have no proof yet.
    Backup,
}

impl Settings {
    pub fn names(&self) -> impl Iterator<Item = &SourceName> {
        let reachable = self.sources.iter().map(|source| &source.name);
        reachable.chain(&self.without_address)
    }

    /// Checks that every source has an address. The error names the variable that is not set.
    pub fn require_addresses(&self) -> Result<(), SettingError> {
        match self.without_address.first() {
            None => Ok(()),
            Some(name) => Err(SettingError::new(format!(
                "BACKUP_DATABASES names {name}, and {} is not set; set it to the database's address",
                name.url_variable()
            ))),
        }
    }

    /// The address of a store.
    pub fn address(&self, location: Location) -> Option<&BlobAddress> {
        match location {
            Location::Original => self.store.as_ref(),
            Location::Copy => self.copy.as_ref(),
        }
    }

    /// The rules for keeping the backups of a store.
    pub fn kept_in(&self, location: Location) -> Keep {
        match location {
            Location::Original => self.keep,
            Location::Copy => self.copy_keep,
        }
    }

    pub fn source(&self, name: &SourceName) -> Option<&Source> {
        self.sources.iter().find(|source| source.name == *name)
    }
}
