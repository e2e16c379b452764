//! The whole app: host.json and one level of folders with a function.json.
//!
//! Source: Azure/azure-functions-host, `HostFunctionMetadataProvider.cs`.

use std::{collections::BTreeMap, io, path::Path};

use crate::{
    function::{Function, FunctionName, FunctionNameError},
    function_json,
    host_json::HostJson,
    members::MemberError,
    schedule::ScheduleError,
    settings::Settings,
};

/// An app: what the host would find in a folder or in a zip.
#[derive(Debug, Clone)]
pub struct App {
    /// `host.json`.
    pub host: HostJson,
    /// The functions, in name order; those that `host.json` or their own file switches off are
    /// among them (see [`App::active`]).
    pub functions: Vec<Function>,
}

/// Why the files are not an app.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    /// A folder or a file cannot be read.
    #[error("cannot read {path}: {source}; is it there, and may you read it?")]
    Unreadable {
        /// What was to be read.
        path: String,
        /// What the system said.
        source: io::Error,
    },
    /// There is no `host.json`.
    #[error("there is no host.json at the top{}", elsewhere(.found.as_deref()))]
    NoHostJson {
        /// Where one was found instead, further down.
        found: Option<String>,
    },
    /// A member of a file is missing or wrong.
    #[error(transparent)]
    Member(#[from] MemberError),
    /// A folder with a function.json has a name that is no function's.
    #[error(transparent)]
    Name(#[from] FunctionNameError),
    /// Two folders whose names differ only in case.
    #[error("the folders `{0}` and `{1}` differ only in case; the host takes them for one: rename")]
    SameName(FunctionName, FunctionName),
    /// `functions` in host.json names something that is not there.
    #[error("host.json: functions names `{0}`, and there is no such folder with a function.json")]
    UnknownAllowed(String),
}

impl App {
    /// Reads the app in `folder`: `host.json` and every `<folder>/function.json`.
    ///
    /// The real host drops a function with a bad file and runs the others; here it is an error.
    pub fn read(folder: &Path) -> Result<Self, AppError> {
        let mut files = Vec::new();
        for (name, is_folder) in entries(folder)? {
            if is_folder {
                read_function_folder(&folder.join(&name), &name, &mut files)?;
            } else if name == "host.json" {
                files.push((name, read_file(&folder.join("host.json"))?));
            }
        }
        Self::from_files(files)
    }

    /// Reads the app in `files`: paths with `/` inside the app, and their bytes. Of files other
    /// than `host.json` and `<folder>/function.json` only the paths matter.
    pub fn from_files<P, B>(files: impl IntoIterator<Item = (P, B)>) -> Result<Self, AppError>
    where
        P: Into<String>,
        B: AsRef<[u8]>,
    {
        let files: BTreeMap<String, B> = files
            .into_iter()
            .map(|(path, bytes)| (without_dot(path.into()), bytes))
            .collect();
        let host = match files.get("host.json") {
            Some(bytes) => HostJson::parse(bytes.as_ref())?,
            None => return Err(no_host_json(files.keys())),
        };
        let mut functions = Vec::new();
        for (path, bytes) in &files {
            if let Some((folder, "function.json")) = path.split_once('/') {
                let name = FunctionName::parse(folder)?;
                let siblings: Vec<&str> = siblings(files.keys(), folder).collect();
                functions.push(function_json::read(name, bytes.as_ref(), &siblings)?);
            }
        }
        check_names(&host, &functions)?;
        Ok(Self { host, functions })
    }

    /// The function called `name`, without regard to case.
    pub fn function(&self, name: &str) -> Option<&Function> {
        self.functions
            .iter()
            .find(|function| function.name.as_str().eq_ignore_ascii_case(name))
    }

    /// The functions that run: allowed by `host.json`, and disabled neither by their file nor by a
    /// setting.
    pub fn active<'a>(&'a self, settings: &'a Settings) -> impl Iterator<Item = &'a Function> {
        self.functions.iter().filter(move |function| {
            let name = function.name.as_str();
            let allowed = self.host.allowed_functions.as_ref();
            allowed.is_none_or(|all| all.iter().any(|other| other.eq_ignore_ascii_case(name)))
                && !function.disabled
                && !settings.disables(name)
        })
    }

    /// What is wrong with the timers' schedules under `settings`: a setting that is not set, or
    /// text that is not NCRONTAB. Any of it stops the whole app in the real host.
    pub fn schedule_errors(&self, settings: &Settings) -> Vec<ScheduleError> {
        self.active(settings)
            .filter_map(|function| function.schedule(settings)?.err())
            .collect()
    }
}

fn elsewhere(found: Option<&str>) -> String {
    match found {
        Some(path) => format!("; {path} lies too deep: the app must not be inside a folder"),
        None => "; is this the folder of the app?".to_owned(),
    }
}

fn no_host_json<'a>(mut paths: impl Iterator<Item = &'a String>) -> AppError {
    AppError::NoHostJson {
        found: paths.find(|path| path.ends_with("/host.json")).cloned(),
    }
}

fn check_names(host: &HostJson, functions: &[Function]) -> Result<(), AppError> {
    let same = |a: &str, b: &str| a.eq_ignore_ascii_case(b);
    for (index, function) in functions.iter().enumerate() {
        let name = &function.name;
        if let Some(other) = functions[..index]
            .iter()
            .find(|other| same(other.name.as_str(), name.as_str()))
        {
            return Err(AppError::SameName(other.name.clone(), name.clone()));
        }
    }
    let known = |name: &String| {
        functions
            .iter()
            .any(|other| same(other.name.as_str(), name))
    };
    match host
        .allowed_functions
        .iter()
        .flatten()
        .find(|name| !known(name))
    {
        Some(name) => Err(AppError::UnknownAllowed(name.clone())),
        None => Ok(()),
    }
}

fn siblings<'a>(
    paths: impl Iterator<Item = &'a String>,
    folder: &str,
) -> impl Iterator<Item = &'a str> {
    paths.filter_map(move |path| path.strip_prefix(folder)?.strip_prefix('/'))
}

fn without_dot(path: String) -> String {
    path.strip_prefix("./").map(str::to_owned).unwrap_or(path)
}

fn read_function_folder(
    path: &Path,
    name: &str,
    files: &mut Vec<(String, Vec<u8>)>,
) -> Result<(), AppError> {
    for (file, is_folder) in entries(path)? {
        if is_folder {
            continue;
        }
        let bytes = if file == "function.json" {
            read_file(&path.join(&file))?
        } else {
            Vec::new()
        };
        files.push((format!("{name}/{file}"), bytes));
    }
    Ok(())
}

/// The names in `folder`, and whether each is a folder. Names that are not Unicode are left out:
/// neither a function nor host.json can have one.
fn entries(folder: &Path) -> Result<Vec<(String, bool)>, AppError> {
    let unreadable = |source| AppError::Unreadable {
        path: folder.display().to_string(),
        source,
    };
    let mut entries = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        // Through symbolic links, as the host's EnumerateDirectories goes.
        let is_folder = entry.path().is_dir();
        if let Ok(name) = entry.file_name().into_string() {
            entries.push((name, is_folder));
        }
    }
    Ok(entries)
}

fn read_file(path: &Path) -> Result<Vec<u8>, AppError> {
    std::fs::read(path).map_err(|source| AppError::Unreadable {
        path: path.display().to_string(),
        source,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOST: &str =
        r#"{"version":"2.0","customHandler":{"description":{"defaultExecutablePath":"h"}}}"#;
    const TIMER: &str =
        r#"{"bindings":[{"type":"timerTrigger","name":"t","schedule":"%NIGHTLY%"}]}"#;

    fn app(files: &[(&str, &str)]) -> Result<App, String> {
        App::from_files(files.iter().copied()).map_err(|error| error.to_string())
    }

    #[test]
    fn functions_lie_one_level_deep_and_nowhere_else() {
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
    fn a_folder_and_its_files_give_the_same_app() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        std::fs::create_dir(folder.path().join("Nightly")).expect("a new folder");
        std::fs::create_dir(folder.path().join("src")).expect("a new folder");
        std::fs::write(folder.path().join("host.json"), HOST).expect("a new file");
        std::fs::write(folder.path().join("Nightly/function.json"), TIMER).expect("a new file");
        let read = App::read(folder.path()).expect("a good app");
        let files = app(&[("host.json", HOST), ("Nightly/function.json", TIMER)]);
        assert_eq!(read.host, files.expect("a good app").host);
        assert_eq!(read.functions.len(), 1);
    }

    #[test]
    fn what_is_wrong_is_named() {
        let script = r#"{"scriptFile":"run.sh","bindings":[
            {"type":"timerTrigger","name":"t","schedule":"0 0 3 * * *"}]}"#;
        let allow = HOST.replace(r#""version""#, r#""functions":["Z"],"version""#);
        for (files, part) in [
            (vec![], "there is no host.json at the top; is this"),
            (vec![("app/host.json", HOST)], "app/host.json lies too deep"),
            (
                vec![("host.json", HOST), ("9/function.json", TIMER)],
                "the folder `9` cannot be",
            ),
            (
                vec![("host.json", HOST), ("A/function.json", "{")],
                "A/function.json: the document",
            ),
            (
                vec![("host.json", HOST), ("A/function.json", script)],
                "scriptFile is `run.sh`",
            ),
            (
                vec![
                    ("host.json", HOST),
                    ("a/function.json", TIMER),
                    ("A/function.json", TIMER),
                ],
                "differ only in case",
            ),
            (vec![("host.json", allow.as_str())], "functions names `Z`"),
        ] {
            let error = app(&files).expect_err("a bad app");
            assert!(error.contains(part), "{error}");
        }
        let script_is_there = [
            ("host.json", HOST),
            ("A/function.json", script),
            ("A/run.sh", ""),
        ];
        assert!(app(&script_is_there).is_ok());
    }

    #[test]
    fn a_schedule_whose_setting_is_not_set_is_found_unless_the_function_is_off() {
        let app = app(&[("host.json", HOST), ("A/function.json", TIMER)]).expect("a good app");
        let errors = app.schedule_errors(&Settings::default());
        assert!(
            errors[0]
                .to_string()
                .contains("`NIGHTLY`, which is not set"),
            "{errors:?}"
        );
        let set = Settings::default().overlaid([("NIGHTLY", "0 0 3 * * *")]);
        assert!(app.schedule_errors(&set).is_empty());
        let off = Settings::default().overlaid([("AzureWebJobs.A.Disabled", "true")]);
        assert!(app.schedule_errors(&off).is_empty());
    }
}
