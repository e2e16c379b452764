//! Settings: environment variables, read once into values that are checked.

use std::path::PathBuf;
use std::time::Duration;

use thiserror::Error;

use crate::backup::{Settings as BackupSettings, SettingsError as BackupSettingsError};
use crate::database::{Settings as DatabaseSettings, SettingsError};
use crate::host;
use crate::scale::{Settings as ScaleSettings, SettingsError as ScaleSettingsError};
use crate::server::{Settings as ServerSettings, SettingsError as ServerSettingsError};
use crate::telemetry::{Settings as LogSettings, SettingsError as LogSettingsError};

/// Everything that the environment sets.
#[derive(Clone, Debug)]
pub struct Config {
    /// `FUNCTIONS_CUSTOMHANDLER_PORT`: set by the Functions host.
    pub handler_port: Option<u16>,
    /// When work that can take long ends, before the Functions host ends the process.
    pub deadline: Duration,
    /// `FUNCTIONS_APP_ROOT_PATH`: the app's folder, set by the Functions host.
    pub app_folder: Option<PathBuf>,
    /// The database, if one is named.
    pub database: Option<DatabaseSettings>,
    /// The backups.
    pub backup: BackupSettings,
    /// The sizes by schedule.
    pub scale: ScaleSettings,
    /// The server.
    pub server: ServerSettings,
    /// The logs.
    pub log: LogSettings,
}

/// A setting that cannot be used.
#[derive(Debug, Error)]
pub enum ConfigError {
    /// The host's port.
    #[error(
        "FUNCTIONS_CUSTOMHANDLER_PORT={0} is not a port; the Functions host sets it, unset it elsewhere"
    )]
    Port(String),
    /// One of the database's.
    #[error(transparent)]
    Database(#[from] SettingsError),
    /// One of the backups'.
    #[error(transparent)]
    Backup(#[from] BackupSettingsError),
    /// One of the sizes'.
    #[error(transparent)]
    Scale(#[from] ScaleSettingsError),
    /// One of the server's.
    #[error(transparent)]
    Server(#[from] ServerSettingsError),
    /// One of the logs'.
    #[error(transparent)]
    Log(#[from] LogSettingsError),
    /// Under a Functions host nothing is started beside the handler.
    #[error(
        "no database is named; set the app setting DATABASE_URL (or PGHOST and the other PG \
         variables), with DATABASE_AUTH=entra for a managed identity"
    )]
    NoDatabase,
}

impl Config {
    /// Reads all settings.
    pub fn read(variable: impl Fn(&str) -> Option<String>) -> Result<Config, ConfigError> {
        let handler_port = variable("FUNCTIONS_CUSTOMHANDLER_PORT")
            .map(|port| port.parse().map_err(|_| ConfigError::Port(port)))
            .transpose()?;
        Ok(Config {
            handler_port,
            deadline: host::deadline(&variable),
            app_folder: variable("FUNCTIONS_APP_ROOT_PATH").map(PathBuf::from),
            database: DatabaseSettings::read(&variable)?,
            backup: BackupSettings::read(&variable, handler_port.is_some())?,
            scale: ScaleSettings::read(&variable)?,
            server: ServerSettings::read(&variable)?,
            log: LogSettings::read(&variable)?,
        })
    }

    /// Checks that every database that is backed up has an address.
    pub fn require_addresses(&self) -> Result<(), ConfigError> {
        Ok(self.backup.require_addresses()?)
    }

    /// The database's settings where there must be some.
    pub fn require_database(&self) -> Result<DatabaseSettings, ConfigError> {
        self.database.clone().ok_or(ConfigError::NoDatabase)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&str, &str)]) -> Result<Config, ConfigError> {
        Config::read(|name| {
            let found = pairs.iter().find(|(key, _)| *key == name);
            found.map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn without_any_setting_there_is_no_database_and_no_port() {
        let config = read(&[]).expect("good");
        assert_eq!(config.handler_port, None);
        let error = config.require_database().expect_err("none is named");
        assert!(error.to_string().contains("DATABASE_URL"));
    }

    #[test]
    fn unknown_choices_of_the_logs_are_rejected() {
        for (name, value) in [
            ("LOG_FORMAT", "xml"),
            ("LOG", "magnusapi=loud"),
            ("LOG_REQUESTS", "some"),
        ] {
            let error = read(&[(name, value)]).expect_err("it is not known");
            let named = format!("{name}={value}");
            assert!(error.to_string().contains(&named), "{error}");
        }
        assert!(read(&[("LOG", "info,magnusapi::database=debug")]).is_ok());
    }

    #[test]
    fn a_port_that_is_none_is_refused() {
        let error = read(&[("FUNCTIONS_CUSTOMHANDLER_PORT", "http")]).expect_err("no port");
        assert!(
            error
                .to_string()
                .contains("FUNCTIONS_CUSTOMHANDLER_PORT=http")
        );
    }
}
