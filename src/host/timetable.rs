//! The host's view of the timers: their schedules, from the app's files and settings.

use std::collections::BTreeMap;
use std::path::Path;

use funcapp::{App, Schedule, Settings};

/// The schedule of each timer, or the reason why the host does not run it. The host restarts the program when
/// one of the files or settings changes, so this is read once.
#[derive(Debug)]
pub struct Timetable {
    timers: BTreeMap<&'static str, Result<Schedule, String>>,
    elsewhere: Vec<&'static str>,
}

impl Timetable {
    /// Reads the functions of the app in `folder`. Another scheduler runs those that `elsewhere` names.
    pub fn read(
        folder: &Path,
        functions: impl IntoIterator<Item = &'static str>,
        elsewhere: Vec<&'static str>,
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Timetable {
        let settings = Settings::default().overlaid(environment);
        let app = App::read(folder, &settings).map_err(|error| error.to_string());
        let states = functions.into_iter().map(|function| {
            let app = app.as_ref().map_err(String::clone);
            let timer = app.and_then(|app| {
                let timer = app.timer(function, &settings);
                timer.map_err(|off| off.to_string())
            });
            (function, timer)
        });
        Timetable {
            timers: states.collect(),
            elsewhere,
        }
    }

    /// The function's schedule, if the host runs it.
    pub fn schedule(&self, function: &str) -> Option<&Schedule> {
        self.timers.get(function)?.as_ref().ok()
    }

    /// The reason why the host does not run the function.
    pub fn off(&self, function: &str) -> Option<&str> {
        let error = self.timers.get(function)?.as_ref().err()?;
        Some(error)
    }

    /// Whether another scheduler runs the function, by [`crate::cli`]'s verb `run`. The host still calls it, and
    /// the call does nothing.
    pub fn is_elsewhere(&self, function: &str) -> bool {
        self.elsewhere.contains(&function)
    }
}
