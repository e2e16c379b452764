//! The whole app: host.json and one level of folders with a function.json each.
//!
//! Source: Azure/azure-functions-host, `HostFunctionMetadataProvider.cs`.

use std::{collections::BTreeMap, path::Path};

use crate::{
    binding::Failure,
    error::Error,
    files,
    function::{Function, FunctionName},
    function_json,
    host_json::HostJson,
    settings::Settings,
};

/// An app, from a folder or from a zip.
#[derive(Debug, Clone)]
pub struct App {
    /// `host.json`, with the settings that replace its members.
    pub host: HostJson,
    /// The functions whose files are good, in the order of their names without case, which is the
    /// order in which the host tries their routes. Those that `host.json` or a setting switches
    /// off are among them (see [`App::active`]).
    pub functions: Vec<Function>,
    /// The functions with faults in their files.
    in_error: Vec<Fault>,
}

/// A function that the host does not run, while it runs the others.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{error}")]
pub struct Fault {
    /// The function's folder.
    pub function: String,
    pub error: Error,
}

impl App {
    /// Reads the app in `folder`: `host.json` and every `<folder>/function.json`.
    ///
    /// # Errors
    /// The reason for which the host does not run the app at all: it responds with 503, and retries for ever.
    pub fn read(folder: &Path, settings: &Settings) -> Result<Self, Error> {
        Self::from_files(files::read(folder)?, settings)
    }

    /// Reads the app in `files`: paths with `/` inside the app, and their bytes. Of files other
    /// than `host.json` and `<folder>/function.json` only the paths matter.
    ///
    /// # Errors
    /// As [`App::read`].
    pub fn from_files<P, B>(
        files: impl IntoIterator<Item = (P, B)>,
        settings: &Settings,
    ) -> Result<Self, Error>
    where
        P: Into<String>,
        B: AsRef<[u8]>,
    {
        let files: BTreeMap<String, B> = files
            .into_iter()
            .map(|(path, bytes)| (files::without_dot(path.into()), bytes))
            .collect();
        let host = match files.get("host.json") {
            Some(bytes) => HostJson::parse(bytes.as_ref(), settings)?,
            None => return Err(no_host_json(files.keys())),
        };
        let mut app = Self {
            host,
            functions: Vec::new(),
            in_error: Vec::new(),
        };
        for folder in folders(files.keys())? {
            let bytes = files[&format!("{folder}/function.json")].as_ref();
            let siblings: Vec<&str> = siblings(files.keys(), folder).collect();
            match app.function_of(folder, bytes, &siblings) {
                Ok(function) => app.functions.push(function),
                Err(Failure::Function(error)) => app.in_error.push(Fault {
                    function: folder.to_owned(),
                    error,
                }),
                Err(Failure::App(error)) => return Err(error),
            }
        }
        Ok(app)
    }

    /// The function called `name`, without regard to case.
    pub fn function(&self, name: &str) -> Option<&Function> {
        self.functions
            .iter()
            .find(|function| function.name.as_str().eq_ignore_ascii_case(name))
    }

    /// The functions that are switched on: allowed by `host.json`, and not disabled by a setting.
    /// `"disabled"` in a function.json has no effect. A timer among them may have a schedule that
    /// does not work (see [`App::faults`]).
    pub fn active<'a>(&'a self, settings: &'a Settings) -> impl Iterator<Item = &'a Function> {
        self.functions.iter().filter(move |function| {
            let name = function.name.as_str();
            let allowed = &self.host.allowed_functions;
            (allowed.is_empty() || allowed.iter().any(|other| other.eq_ignore_ascii_case(name)))
                && settings.disabling(name).is_none()
        })
    }

    /// The functions that the host does not run because something is wrong with them: with their
    /// files, or with their schedules under `settings`.
    pub fn faults(&self, settings: &Settings) -> Vec<Fault> {
        let schedule = |function: &Function| {
            let error = function.schedule(settings)?.err()?;
            let function = function.name.to_string();
            Some(Fault { function, error })
        };
        let schedules = self.active(settings).filter_map(schedule);
        self.in_error.iter().cloned().chain(schedules).collect()
    }

    fn function_of(&self, folder: &str, bytes: &[u8], files: &[&str]) -> Result<Function, Failure> {
        let name = FunctionName::parse(folder)?;
        let function = function_json::read(name, bytes, files)?;
        let mut others = self.functions.iter();
        match others.find(|other| function.shares_route(other)) {
            None => Ok(function),
            Some(other) => Err(Failure::Function(Error(format!(
                "{folder}/function.json: the function `{}` has the same route and methods",
                other.name
            )))),
        }
    }
}

fn no_host_json<'a>(mut paths: impl Iterator<Item = &'a String>) -> Error {
    let hint = match paths.find(|path| path.ends_with("/host.json")) {
        Some(path) => format!("{path} is too deep: the app must not be inside a folder"),
        None => "name the folder of the app".to_owned(),
    };
    Error(format!("there is no host.json at the top; {hint}"))
}

/// The folders with a function.json, in the order of their names without case.
fn folders<'a>(paths: impl Iterator<Item = &'a String>) -> Result<Vec<&'a str>, Error> {
    let folder = |path: &'a String| match path.split_once('/') {
        Some((folder, "function.json")) => Some(folder),
        _ => None,
    };
    let mut folders: Vec<&str> = paths.filter_map(folder).collect();
    folders.sort_by_key(|folder| folder.to_ascii_lowercase());
    match folders
        .windows(2)
        .find(|pair| pair[0].eq_ignore_ascii_case(pair[1]))
    {
        None => Ok(folders),
        Some(pair) => Err(Error(format!(
            "the folders `{}` and `{}` differ only in case; the host takes them for one: rename",
            pair[0], pair[1]
        ))),
    }
}

fn siblings<'a>(
    paths: impl Iterator<Item = &'a String>,
    folder: &str,
) -> impl Iterator<Item = &'a str> {
    paths.filter_map(move |path| path.strip_prefix(folder)?.strip_prefix('/'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::{HOST, TIMER};

    fn app(files: &[(&str, &str)]) -> Result<App, String> {
        App::from_files(files.iter().copied(), &Settings::default())
            .map_err(|error| error.to_string())
    }

    #[test]
    fn functions_are_one_level_deep() {
        let app = app(&[
            ("./host.json", HOST),
            ("B/function.json", TIMER),
            ("A/function.json", TIMER),
            ("functions/C/function.json", TIMER),
            ("docs/readme.md", ""),
        ])
        .expect("a good app");
        let names: Vec<&str> = app
            .functions
            .iter()
            .map(|function| function.name.as_str())
            .collect();
        assert_eq!(names, ["A", "B"]);
        assert!(app.function("a").is_some());
    }

    #[test]
    fn mistake_that_stops_the_whole_app_is_named() {
        let route = r#"{"bindings":[{"type":"httpTrigger","name":"r","route":"a//b"}]}"#;
        for (files, part) in [
            (vec![], "there is no host.json at the top; name the folder"),
            (vec![("app/host.json", HOST)], "app/host.json is too deep"),
            (
                vec![("host.json", HOST), ("A/function.json", route)],
                "A/function.json: bindings[0].route",
            ),
            (
                vec![
                    ("host.json", HOST),
                    ("a/function.json", TIMER),
                    ("A/function.json", TIMER),
                ],
                "differ only in case",
            ),
        ] {
            let error = app(&files).expect_err("a bad app");
            assert!(error.contains(part), "{error}");
        }
    }

    #[test]
    fn function_with_a_mistake_is_off_and_the_others_run() {
        let script = TIMER
            .replace('[', "[ ")
            .replacen('{', r#"{"scriptFile":"run.sh","#, 1);
        let route = r#"{"bindings":[{"type":"httpTrigger","name":"r","route":"same"}]}"#;
        let files = [
            ("host.json", HOST),
            ("9/function.json", TIMER),
            ("A/function.json", "{"),
            ("b/function.json", script.as_str()),
            ("C/function.json", script.as_str()),
            ("C/run.sh", ""),
            ("d/function.json", route),
            ("E/function.json", route),
            ("f/function.json", TIMER),
        ];
        let app = app(&files).expect("an app that runs in part");
        let faults = app.faults(&Settings::default().overlaid([("NIGHTLY", "0 0 3 * * *")]));
        let faults: Vec<String> = faults.iter().map(ToString::to_string).collect();
        for (fault, part) in faults.iter().zip([
            "the folder `9` cannot be",
            "A/function.json: the document",
            "b/function.json: scriptFile is `run.sh`",
            "E/function.json: the function `d` has the same route",
        ]) {
            assert!(fault.contains(part), "{fault}");
        }
        assert_eq!(faults.len(), 4, "{faults:?}");
        let names = app.functions.iter().map(|function| function.name.as_str());
        assert_eq!(names.collect::<Vec<_>>(), ["C", "d", "f"]);
    }

    #[test]
    fn a_schedule_whose_setting_is_not_set_is_a_fault_unless_the_function_is_off() {
        let app = app(&[("host.json", HOST), ("A/function.json", TIMER)]).expect("a good app");
        let faults = app.faults(&Settings::default());
        let text = faults[0].to_string();
        assert!(text.contains("`NIGHTLY`, which is not set"), "{text}");
        let set = Settings::default().overlaid([("NIGHTLY", "0 0 3 * * *")]);
        assert!(app.faults(&set).is_empty());
        let off = Settings::default().overlaid([("AzureWebJobs.A.Disabled", "true")]);
        assert!(app.faults(&off).is_empty());
    }
}
