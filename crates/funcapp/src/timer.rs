//! Whether the host runs one timer of an app, and when, for a handler that checks itself.
//!
//! The host switches a function off alone when its file, its name or its schedule is wrong, and runs
//! the others. It reports that in its log and in `GET /admin/functions/<name>/status`, not to the
//! handler.

use crate::{app::App, error::Error, schedule::Schedule, settings::Settings};

impl App {
    /// When the host runs the timer `function` under these settings.
    ///
    /// # Errors
    /// The reason for which it does not, and the remedy.
    pub fn timer(&self, function: &str, settings: &Settings) -> Result<Schedule, Error> {
        let Some(found) = self.function(function) else {
            let faults = self.faults(settings);
            let fault = faults.into_iter().find(|it| it.function == function);
            let problem = fault.map_or_else(
                || format!("the app has no folder {function} with a function.json"),
                |fault| fault.to_string(),
            );
            return Err(Error(format!("{problem}; deploy the package again")));
        };
        let Some(timer) = found.timer() else {
            return Err(Error(format!(
                "{function}/function.json has no timerTrigger"
            )));
        };
        if let Some(setting) = settings.disabling(function) {
            return Err(Error(format!(
                "the app setting {setting} disables it; delete the setting, or set it to false"
            )));
        }
        if !self.active(settings).any(|it| it.name == found.name) {
            let text = "the list `functions` in host.json leaves it out";
            return Err(Error(text.to_owned()));
        }
        let raw = &timer.schedule;
        let schedule = Schedule::resolve(function, raw, settings);
        schedule.map_err(|error| Error(format!("its schedule `{raw}` cannot be used: {error}")))
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
        let app = app.expect("a good app");
        let off = app.timer("Backup", &Settings::default());
        let off = off.expect_err("it has no folder").to_string();
        assert!(off.contains("no folder Backup"), "{off}");
    }
}
