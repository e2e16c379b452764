//! The settings of backups, each with its variable, unit and default.
//!
//! | module | purpose |
//! |---|---|
//! | `source` | the databases that are backed up |
//! | `keep` | how many backups are kept |

mod keep;
mod source;

use std::ops::RangeInclusive;

use clap::ValueEnum;
use jiff::SignedDuration;
use thiserror::Error;

use crate::blob::{BlobAddress, BlobAddressError, BlobSettings};
use crate::database::Settings as DatabaseSettings;
use pgarchive::encryption::{Identities, IdentityError, Recipients, RecipientsError};
use pgarchive::{Compression, CompressionError};

pub use keep::{Keep, KeepError};
pub use source::{NoAddress, Source, SourceError, SourceName};

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
    pub without_address: Vec<NoAddress>,
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

/// When drills run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DrillAfter {
    /// On their own schedule: the newest backup of each source.
    Schedule,
    /// After each backup; on their own schedule, the newest backups that have no proof yet.
    Backup,
}

/// A setting of backups that cannot be used.
#[derive(Debug, Error)]
pub enum SettingsError {
    #[error(transparent)]
    Source(#[from] SourceError),
    #[error(transparent)]
    Store(#[from] BlobAddressError),
    #[error("{variable}: {error}")]
    Keep {
        variable: &'static str,
        error: KeepError,
    },
    #[error(
        "BACKUP_DATABASES is set and BACKUP_URL is not; set it to az://container/prefix: under a \
         Functions host, a folder is lost with its machine"
    )]
    NoStore,
    #[error("{variable}={value} cannot be used; set it to a whole number from {least} to {most}")]
    Number {
        variable: &'static str,
        value: String,
        least: u32,
        most: u32,
    },
    #[error(
        "BACKUP_COPY_URL names the same place as BACKUP_URL; name another account, region or folder, or \
         unset it"
    )]
    CopyOfItself,
    #[error("BACKUP_COMPRESSION: {0}")]
    Compression(#[from] CompressionError),
    #[error("DRILL_AFTER={0} cannot be used; set it to backup or schedule")]
    DrillAfter(String),
    #[error("{fail} must not be less than {warn}; both are in hours")]
    Limits {
        warn: &'static str,
        fail: &'static str,
    },
    #[error("BACKUP_RECIPIENTS: {0}")]
    Recipients(#[from] RecipientsError),
    #[error("DRILL_IDENTITY: {0}")]
    Identity(#[from] IdentityError),
}

impl Settings {
    /// Reads the settings. `under_a_host` is whether a Functions host runs this program.
    pub fn read(
        variable: impl Fn(&str) -> Option<String>,
        under_a_host: bool,
    ) -> Result<Settings, SettingsError> {
        let sources = source::read(&variable)?;
        let store = BlobAddress::read(&STORE, &variable)?;
        let copy = BlobAddress::read(&COPY_STORE, &variable)?;
        let is_same = |copy: &BlobAddress| store.as_ref().is_some_and(|it| it.is_same(copy));
        if copy.as_ref().is_some_and(is_same) {
            return Err(SettingsError::CopyOfItself);
        }
        let keep = keep(&variable, "BACKUP_KEEP", Keep::default())?;
        let age = limits(
            &variable,
            ("BACKUP_WARN_AFTER", SignedDuration::from_hours(26)),
            ("BACKUP_FAIL_AFTER", SignedDuration::from_hours(50)),
        )?;
        let drill_after = drill_after(&variable)?;
        let verified_age = match drill_after {
            DrillAfter::Backup => age,
            DrillAfter::Schedule => AgeLimits {
                warn: SignedDuration::from_hours(192),
                fail: SignedDuration::from_hours(360),
            },
        };
        let is_empty = sources.reachable.is_empty() && sources.unreachable.is_empty();
        if store.is_none() && under_a_host && !is_empty {
            return Err(SettingsError::NoStore);
        }
        Ok(Settings {
            sources: sources.reachable,
            without_address: sources.unreachable,
            store_is_named: store.is_some(),
            store: store.or_else(default_store),
            jobs: whole(&variable, "BACKUP_JOBS", 2, 1..=8)? as usize,
            compression: variable("BACKUP_COMPRESSION")
                .map(|text| text.parse())
                .transpose()?
                .unwrap_or_default(),
            keep,
            copy,
            copy_keep: self::keep(&variable, "BACKUP_COPY_KEEP", keep)?,
            immutable_days: whole(&variable, "BACKUP_IMMUTABLE_DAYS", 0, 0..=36_500)?,
            recipients: Recipients::parse(&variable("BACKUP_RECIPIENTS").unwrap_or_default())?,
            identities: variable("DRILL_IDENTITY")
                .map(|text| Identities::parse(&text))
                .transpose()?,
            drill: source::database(&variable, "DRILL_DATABASE_URL", "DRILL_DATABASE_AUTH")?,
            age,
            drill_after,
            verified_age: limits(
                &variable,
                ("DRILL_WARN_AFTER", verified_age.warn),
                ("DRILL_FAIL_AFTER", verified_age.fail),
            )?,
        })
    }

    pub fn names(&self) -> impl Iterator<Item = &SourceName> {
        let reachable = self.sources.iter().map(|source| &source.name);
        reachable.chain(self.without_address.iter().map(|it| &it.name))
    }

    /// Checks that every source has an address. The error names the variable that is not set.
    pub fn require_addresses(&self) -> Result<(), SettingsError> {
        match self.without_address.first() {
            None => Ok(()),
            Some(missing) => Err(SourceError::from(missing.clone()).into()),
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

fn default_store() -> Option<BlobAddress> {
    let data = localpg::data_folder().ok()?;
    Some(BlobAddress::folder(&data.with_file_name("backups")))
}

fn keep(
    variable: &impl Fn(&str) -> Option<String>,
    name: &'static str,
    default: Keep,
) -> Result<Keep, SettingsError> {
    let parsed = variable(name).map_or(Ok(default), |it| it.parse());
    parsed.map_err(|error| SettingsError::Keep {
        variable: name,
        error,
    })
}

fn drill_after(variable: &impl Fn(&str) -> Option<String>) -> Result<DrillAfter, SettingsError> {
    let text = variable("DRILL_AFTER").unwrap_or_else(|| "schedule".to_owned());
    match text.as_str() {
        "schedule" => Ok(DrillAfter::Schedule),
        "backup" => Ok(DrillAfter::Backup),
        _ => Err(SettingsError::DrillAfter(text)),
    }
}

fn limits(
    variable: &impl Fn(&str) -> Option<String>,
    (warn, warn_default): (&'static str, SignedDuration),
    (fail, fail_default): (&'static str, SignedDuration),
) -> Result<AgeLimits, SettingsError> {
    let hours = |name, default| {
        let set = variable(name).map(|_| whole(variable, name, 0, 1..=100_000));
        let set = set
            .transpose()?
            .map(|it| SignedDuration::from_hours(it.into()));
        Ok::<_, SettingsError>(set.unwrap_or(default))
    };
    let limits = AgeLimits {
        warn: hours(warn, warn_default)?,
        fail: hours(fail, fail_default)?,
    };
    if limits.fail < limits.warn {
        return Err(SettingsError::Limits { warn, fail });
    }
    Ok(limits)
}

fn whole(
    variable: &impl Fn(&str) -> Option<String>,
    name: &'static str,
    default: u32,
    allowed: RangeInclusive<u32>,
) -> Result<u32, SettingsError> {
    let Some(value) = variable(name) else {
        return Ok(default);
    };
    let number = value.parse().ok().filter(|it| allowed.contains(it));
    number.ok_or_else(|| SettingsError::Number {
        variable: name,
        value,
        least: *allowed.start(),
        most: *allowed.end(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&str, &str)], under_a_host: bool) -> Result<Settings, SettingsError> {
        let variable = |name: &str| {
            let found = pairs.iter().find(|(key, _)| *key == name);
            found.map(|(_, value)| (*value).to_owned())
        };
        Settings::read(variable, under_a_host)
    }

    const SOURCE: [(&str, &str); 2] = [
        ("BACKUP_DATABASES", "postfacto"),
        ("BACKUP_DATABASE_URL_POSTFACTO", "postgres://u@h/x"),
    ];

    #[test]
    fn by_default_nothing_is_backed_up_and_the_store_is_a_folder() {
        let settings = read(&[], true).expect("good");
        assert!(settings.sources.is_empty());
        assert!(!settings.store_is_named);
        assert_eq!(settings.keep, Keep::default());
        assert_eq!(settings.age.warn, SignedDuration::from_hours(26));
        assert!(settings.drill.is_none());
        let settings = read(&SOURCE, false).expect("good");
        assert_eq!(settings.sources.len(), 1);
    }

    #[test]
    fn a_copy_is_elsewhere_and_has_the_same_rules_unless_it_has_its_own() {
        let own = ("BACKUP_URL", "file:///backups");
        let copy = ("BACKUP_COPY_URL", "file:///mnt/other");
        let keep = ("BACKUP_KEEP", "last=3");
        let settings = read(&[own, copy, keep], false).expect("good");
        assert_eq!(settings.copy_keep, settings.keep);
        let settings = read(&[own, copy, keep, ("BACKUP_COPY_KEEP", "last=9")], false);
        assert_eq!(settings.expect("good").copy_keep.last, 9);
        let error = read(&[own, ("BACKUP_COPY_URL", own.1)], false).expect_err("the same");
        assert!(error.to_string().contains("BACKUP_COPY_URL"), "{error}");
        let accounts = [
            ("BACKUP_URL", "az://backups"),
            ("BACKUP_STORAGE_ACCOUNT", "one"),
            ("BACKUP_COPY_URL", "az://backups"),
            ("BACKUP_COPY_STORAGE_ACCOUNT", "other"),
        ];
        read(&accounts, false).expect("two accounts");
    }

    #[test]
    fn drills_after_each_backup_have_the_limits_of_backups() {
        let hours = |pairs: &[(&str, &str)]| {
            let age = read(pairs, false).expect("good").verified_age;
            (age.warn.as_hours(), age.fail.as_hours())
        };
        assert_eq!(hours(&[]), (192, 360));
        let after = ("DRILL_AFTER", "backup");
        let limits = [("BACKUP_WARN_AFTER", "3"), ("BACKUP_FAIL_AFTER", "6")];
        assert_eq!(hours(&[after]), (26, 50));
        assert_eq!(hours(&[after, limits[0], limits[1]]), (3, 6));
        assert_eq!(hours(&[after, ("DRILL_FAIL_AFTER", "99")]), (26, 99));
    }

    #[test]
    fn a_required_address_is_named() {
        let settings = read(&SOURCE[..1], false).expect("good");
        let error = settings.require_addresses().expect_err("it has none");
        let says = "BACKUP_DATABASE_URL_POSTFACTO is not set";
        assert!(error.to_string().contains(says), "{error}");
        assert_eq!(settings.names().count(), 1);
        let settings = read(&SOURCE, false).expect("good");
        settings.require_addresses().expect("it has one");
    }

    #[test]
    fn under_a_host_a_source_needs_a_named_store() {
        let error = read(&SOURCE, true).expect_err("no store").to_string();
        assert!(error.contains("BACKUP_URL"), "{error}");
        let with_a_store = [&SOURCE[..], &[("BACKUP_URL", "file:///backups")]].concat();
        assert!(read(&with_a_store, true).expect("good").store_is_named);
    }

    #[test]
    fn errors_name_the_variable() {
        for (name, value) in [
            ("BACKUP_JOBS", "0"),
            ("BACKUP_JOBS", "9"),
            ("BACKUP_COMPRESSION", "lz4"),
            ("BACKUP_KEEP", "last=0"),
            ("BACKUP_IMMUTABLE_DAYS", "-1"),
            ("BACKUP_FAIL_AFTER", "25"),
            ("DRILL_WARN_AFTER", "soon"),
            ("DRILL_AFTER", "backups"),
            ("BACKUP_COPY_URL", "ftp://example"),
            ("BACKUP_COPY_KEEP", "last=0"),
            ("BACKUP_RECIPIENTS", "AGE-SECRET-KEY-1"),
            ("DRILL_IDENTITY", "age1"),
            ("BACKUP_URL", "https://example"),
            ("DRILL_DATABASE_URL", "postgres://h:port/x"),
            ("BACKUP_DATABASES", "A"),
        ] {
            let error = read(&[(name, value)], false).expect_err(name).to_string();
            assert!(error.contains(name), "{error}");
        }
    }
}
