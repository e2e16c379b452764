//! Whether the host runs one timer of an app, and when, for a handler that checks itself.
//!
//! The host switches a function off alone when its file, its name or its schedule is wrong, and runs
//! the others. It reports that in its log and in `GET /admin/functions/<name>/status`, not to the
//! handler.

use crate::{
    app::{App, FunctionError},
    schedule::{Schedule, ScheduleError},
    settings::Settings,
};

/// The reason for which the host does not run a timer of an app that it runs.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Off {
    #[error("the app has no folder {0} with a function.json; deploy the package again")]
    NoFolder(String),
    #[error("{0}; deploy the package again")]
    InError(Box<FunctionError>),
    #[error("{0}/function.json has no timerTrigger")]
    NotATimer(String),
    #[error("the list `functions` in host.json leaves it out")]
    NotListed,
    #[error("the app setting {0} disables it; delete the setting, or set it to false")]
    Disabled(String),
    #[error("its schedule `{text}` cannot be used: {source}")]
    Schedule {
        /// The schedule in the file, with the name of the setting.
        text: String,
        source: Box<ScheduleError>,
    },
}

impl App {
    /// When the host runs the timer `function` under these settings.
    ///
    /// # Errors
    /// [`Off`] is the reason for which it does not.
    pub fn timer(&self, function: &str, settings: &Settings) -> Result<Schedule, Off> {
        let Some(found) = self.function(function) else {
            let faults = self.faults(settings);
            let fault = faults.into_iter().find(|it| it.function == function);
            return Err(match fault {
                Some(fault) => Off::InError(Box::new(fault.error)),
                None => Off::NoFolder(function.to_owned()),
            });
        };
        let Some(timer) = found.timer() else {
            return Err(Off::NotATimer(function.to_owned()));
        };
        if let Some(setting) = settings.disabling(function) {
            return Err(Off::Disabled(setting.to_owned()));
        }
        if !self.active(settings).any(|it| it.name == found.name) {
            return Err(Off::NotListed);
        }
        Schedule::resolve(function, &timer.schedule, settings).map_err(|source| Off::Schedule {
            text: timer.schedule.clone(),
            source: Box::new(source),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::{HOST, TIMER};

    /// The reason why `Backup` does not run, or its schedule.
    fn state(host: &str, file: &str, settings: &[(&str, &str)]) -> String {
        let settings = Settings::default().overlaid(settings.iter().copied());
        let files = [("host.json", host), ("Backup/function.json", file)];
        let app = App::from_files(files, &settings).expect("a good app");
        match app.timer("Backup", &settings) {
            Ok(schedule) => schedule.to_string(),
            Err(off) => off.to_string(),
        }
    }

    #[test]
    fn a_good_timer_has_its_schedule() {
        let nightly = [("NIGHTLY", "0 0 2 * * *")];
        assert_eq!(state(HOST, TIMER, &nightly), "0 0 2 * * *");
    }

    #[test]
    fn each_reason_names_the_setting_or_the_file() {
        let nightly = ("NIGHTLY", "0 0 2 * * *");
        let http = r#"{"bindings":[{"type":"httpTrigger","name":"r"}]}"#;
        let listed = HOST.replace(r#""version""#, r#""functions":["Other"],"version""#);
        for (host, file, settings, part) in [
            (HOST, TIMER, vec![], "`NIGHTLY`, which is not set"),
            (
                HOST,
                TIMER,
                vec![("NIGHTLY", "")],
                "`NIGHTLY`, which is not set",
            ),
            (
                HOST,
                TIMER,
                vec![("NIGHTLY", "soon")],
                "`%NIGHTLY%` cannot be used",
            ),
            (
                HOST,
                TIMER,
                vec![nightly, ("AzureWebJobs.Backup.Disabled", "1")],
                "AzureWebJobs.Backup.Disabled disables it",
            ),
            (
                HOST,
                TIMER,
                vec![nightly, ("azurewebjobs_backup_disabled", "True")],
                "azurewebjobs_backup_disabled disables it",
            ),
            (&listed, TIMER, vec![nightly], "host.json leaves it out"),
            (HOST, http, vec![nightly], "has no timerTrigger"),
            (HOST, "{", vec![nightly], "Backup/function.json"),
        ] {
            let off = state(host, file, &settings);
            assert!(off.contains(part), "{off}");
        }
    }

    #[test]
    fn a_timer_without_a_folder_is_off() {
        let app = App::from_files([("host.json", HOST)], &Settings::default());
        let off = app
            .expect("a good app")
            .timer("Backup", &Settings::default());
        assert_eq!(off.err(), Some(Off::NoFolder("Backup".into())));
    }
}
