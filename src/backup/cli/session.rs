//! The parts that verbs share: the choice of sources and backups, and failures.

use std::path::Path;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::One;
use crate::backup::backups::of_restore;
use crate::backup::restore::RestoreError;
use crate::backup::{
    Backups, COPY_STORE, Location, STORE, Settings, Source, SourceBackups, SourceName, StoreError,
    Stored,
};
use crate::exit::Exit;
pub(super) use crate::exit::Failure;
use crate::{database, environment};
use pgarchive::encryption::Identities;

impl Failure {
    /// A signal ended the verb, which did not clean up within this time.
    pub(super) fn of_signal(grace: Duration) -> Failure {
        let text = if grace.is_zero() {
            "interrupted".to_owned()
        } else {
            format!(
                "interrupted, and the clean-up did not end within {grace:?}; `magnusapi backup prune` and the next \
                 restore delete remaining files and databases"
            )
        };
        Failure::new(Exit::Interrupted, text)
    }

    /// A failure after a signal, which explains most of them.
    pub(super) fn after_signal(self) -> Failure {
        Failure::new(Exit::Interrupted, self.text)
    }
}

impl From<RestoreError> for Failure {
    fn from(error: RestoreError) -> Failure {
        let before = if error.left_nothing() {
            "nothing was restored: "
        } else {
            ""
        };
        Failure::new(of_restore(&error), format!("{before}{error}"))
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
            Some(folder) => Err(Failure::new(
                Exit::Failed,
                format!(
                    "the folder {} does not exist, so it has no backups; check {variable}",
                    folder.display()
                ),
            )),
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
        let Some(name) = named else {
            if settings.sources.is_empty() {
                return Err(Failure::usage(
                    "no database is named in BACKUP_DATABASES; set it, and a BACKUP_DATABASE_URL_… for each name",
                ));
            }
            return Ok(settings.sources.iter().collect());
        };
        let source = settings.source(name).ok_or_else(|| {
            Failure::usage(format!(
                "{name} is not in BACKUP_DATABASES; add it there, and set its BACKUP_DATABASE_URL_… to its address"
            ))
        })?;
        Ok(vec![source])
    }

    /// The identities for encrypted backups: from the named file, or from the setting.
    pub(super) fn identities(&self, file: Option<&Path>) -> Result<Option<Identities>, Failure> {
        match file {
            Some(file) => match Identities::read(file) {
                Ok(identities) => Ok(Some(identities)),
                Err(error) => Err(Failure::usage(error.to_string())),
            },
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
    let found = match names.len() {
        0 => "the store has no backups".to_owned(),
        1 => return Ok(names.remove(0)),
        _ => {
            let names: Vec<&str> = names.iter().map(SourceName::as_str).collect();
            format!("the store has backups of {}", names.join(", "))
        }
    };
    Err(Failure::usage(format!("{found}; name one with --source")))
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
