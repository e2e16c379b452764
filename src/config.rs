//! Settings: environment variables, read once into checked values.

use std::num::NonZero;
use std::path::PathBuf;
use std::thread::available_parallelism;
use std::time::Duration;

use crate::app::timer_functions;
use crate::backup::Settings as BackupSettings;
use crate::database::Settings as DatabaseSettings;
use crate::environment::{SettingError, number};
use crate::host;
use crate::notify::Settings as NotifySettings;
use crate::scale::Settings as ScaleSettings;
use crate::server::Settings as ServerSettings;
use crate::telemetry::Settings as LogSettings;

/// All settings.
#[derive(Clone, Debug)]
pub struct Config {
    /// `FUNCTIONS_CUSTOMHANDLER_PORT`: set by the Functions host.
    pub handler_port: Option<u16>,
    /// Limit for long work, before the Functions host kills the process.
    pub deadline: Duration,
    /// `FUNCTIONS_APP_ROOT_PATH`: the app's folder, set by the Functions host.
    pub app_folder: Option<PathBuf>,
    /// This instance among those of the app: `WEBSITE_INSTANCE_ID`, `WEBSITE_POD_NAME` or `CONTAINER_NAME`. Azure sets
    /// one or several of them, depending on the plan.
    pub instance: Option<String>,
    /// `None` if no setting names a database.
    pub database: Option<DatabaseSettings>,
    /// `TIMERS_ELSEWHERE`: the timer functions that another scheduler runs.
    pub timers_elsewhere: Vec<&'static str>,
    pub backup: BackupSettings,
    pub scale: ScaleSettings,
    pub notify: NotifySettings,
    pub server: ServerSettings,
    /// `RUNTIME_THREADS`: threads that run requests and timers.
    pub runtime_threads: usize,
    pub log: LogSettings,
}

/// In the order of OpenTelemetry's resource detector for Azure Functions (`faas.instance`).
const INSTANCE: [&str; 3] = ["WEBSITE_INSTANCE_ID", "WEBSITE_POD_NAME", "CONTAINER_NAME"];

impl Config {
    pub fn read(variable: impl Fn(&str) -> Option<String>) -> Result<Config, SettingError> {
        let handler_port = variable("FUNCTIONS_CUSTOMHANDLER_PORT")
            .map(|port| port.parse().map_err(|_| bad_port(&port)))
            .transpose()?;
        Ok(Config {
            handler_port,
            deadline: host::deadline(&variable),
            app_folder: variable("FUNCTIONS_APP_ROOT_PATH").map(PathBuf::from),
            instance: INSTANCE.into_iter().find_map(&variable),
            database: DatabaseSettings::read(&variable)?,
            timers_elsewhere: timers_elsewhere(variable("TIMERS_ELSEWHERE").as_deref())?,
            backup: BackupSettings::read(&variable, handler_port.is_some())?,
            scale: ScaleSettings::read(&variable)?,
            notify: NotifySettings::read(timer_functions(), &variable)?,
            server: ServerSettings::read(&variable)?,
            runtime_threads: number(&variable, "RUNTIME_THREADS", 1..=64)?
                .unwrap_or_else(runtime_threads),
            log: LogSettings::read(&variable)?,
        })
    }

    /// The database's settings. Under a Functions host, the program does not start a private database.
    ///
    /// # Errors
    /// No setting names a database.
    pub fn require_database(&self) -> Result<DatabaseSettings, SettingError> {
        self.database.clone().ok_or_else(|| {
            SettingError::new(
                "no setting names a database; set the app setting DATABASE_URL (or PGHOST and the other PG \
                 variables), with DATABASE_AUTH=entra for a managed identity",
            )
        })
    }
}

fn bad_port(port: &str) -> SettingError {
    SettingError::new(format!(
        "FUNCTIONS_CUSTOMHANDLER_PORT={port} is not a port; only the Functions host sets it, so unset it \
         elsewhere"
    ))
}

fn timers_elsewhere(value: Option<&str>) -> Result<Vec<&'static str>, SettingError> {
    let names = value.into_iter().flat_map(|value| value.split(','));
    let timers = names.map(|name| {
        let name = name.trim();
        let timer = timer_functions().find(|timer| *timer == name);
        timer.ok_or_else(|| {
            let known = timer_functions().collect::<Vec<_>>().join(", ");
            SettingError::new(format!(
                "TIMERS_ELSEWHERE names {name}, which is not a timer function; name some of {known}, separated by \
                 commas"
            ))
        })
    });
    timers.collect()
}

/// One for each processor. On two, one thread serves as many requests and needs less processor time for creations,
/// but pages with long names wait for each other on it.
fn runtime_threads() -> usize {
    available_parallelism().map_or(1, NonZero::get)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timers_of_another_scheduler_are_known_functions() {
        let of = |value: &str| timers_elsewhere(Some(value));
        let timers = of("postfacto_backup, scale").expect("they are timers");
        assert_eq!(timers, ["postfacto_backup", "scale"]);
        let error = of("postfacto_backup,backup").expect_err("one is unknown");
        assert!(error.to_string().contains("names backup"), "{error}");
    }
}
