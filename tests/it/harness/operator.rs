//! An operator who runs `magnusapi backup …`.

use std::path::Path;
use std::process::Output;

use serde_json::Value;

use super::{Container, Database, Process, Start};

/// An operator who runs `magnusapi backup …`, with the source `postfacto` and a store.
#[derive(Clone)]
pub(crate) struct Operator {
    settings: Vec<(String, String)>,
}

impl Operator {
    /// The store is this folder.
    pub(crate) fn with_folder(source: &Database, folder: &Path) -> Operator {
        let url = format!("file://{}", folder.display());
        Operator::with(source, [("BACKUP_URL", url)])
    }

    /// The store is this container.
    pub(crate) fn with_container(source: &Database, container: &Container) -> Operator {
        Operator::with(source, container.settings("of us"))
    }

    fn with<const N: usize>(source: &Database, store: [(&str, String); N]) -> Operator {
        let source = [
            ("BACKUP_DATABASES", "postfacto".to_owned()),
            ("BACKUP_DATABASE_URL_POSTFACTO", source.url.clone()),
        ];
        let settings = source.into_iter().chain(store);
        Operator {
            settings: settings
                .map(|(name, value)| (name.to_owned(), value))
                .collect(),
        }
    }

    /// Adds these settings.
    pub(crate) fn with_settings(
        self,
        settings: impl IntoIterator<Item = (&'static str, String)>,
    ) -> Operator {
        let settings = settings.into_iter();
        settings.fold(self, |operator, (name, value)| operator.set(name, &value))
    }

    /// Adds a setting.
    pub(crate) fn set(mut self, name: &str, value: &str) -> Operator {
        self.settings.push((name.to_owned(), value.to_owned()));
        self
    }

    fn start(&self, arguments: &[&str]) -> Start {
        let mut start = Start::operator().argument("backup");
        for (name, value) in &self.settings {
            start = start.set(name, value);
        }
        for argument in arguments {
            start = start.argument(argument);
        }
        start
    }

    /// Starts a verb.
    pub(crate) fn begins(&self, arguments: &[&str]) -> Process {
        self.start(arguments).running()
    }

    /// Starts a verb whose stderr can be read.
    pub(crate) fn begins_with_stderr(&self, arguments: &[&str]) -> Process {
        self.start(arguments).unread()
    }

    /// Runs a verb to its end.
    pub(crate) fn output(&self, arguments: &[&str]) -> Output {
        self.start(arguments).output()
    }

    /// Asserts that a verb succeeds, and returns its stdout.
    #[track_caller]
    pub(crate) fn does(&self, arguments: &[&str]) -> String {
        let output = self.output(arguments);
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        String::from_utf8(output.stdout).expect("UTF-8")
    }

    /// Asserts that a verb succeeds, and returns its data in JSON.
    #[track_caller]
    pub(crate) fn json(&self, arguments: &[&str]) -> Value {
        let printed = self.does(&[arguments, &["--json"]].concat());
        let printed: Value = serde_json::from_str(&printed).expect("JSON and nothing else");
        printed["data"].clone()
    }

    /// Creates a backup, verifies it, and returns its id.
    #[track_caller]
    pub(crate) fn makes(&self) -> String {
        let made = self.json(&["create"]);
        let id = made[0]["manifest"]["id"].as_str().expect("an id");
        self.does(&["verify", id]);
        id.to_owned()
    }

    /// Asserts that a verb fails, and returns its stdout and stderr.
    #[track_caller]
    pub(crate) fn fails(&self, arguments: &[&str]) -> String {
        self.exits(1, arguments)
    }

    /// Asserts that a verb exits with this code, and returns its stdout and stderr.
    #[track_caller]
    pub(crate) fn exits(&self, code: i32, arguments: &[&str]) -> String {
        let output = self.output(arguments);
        assert_eq!(output.status.code(), Some(code), "{output:?}");
        String::from_utf8([output.stdout, output.stderr].concat()).expect("UTF-8")
    }

    /// The ids of all backups, the oldest first.
    #[track_caller]
    pub(crate) fn listed(&self) -> Vec<String> {
        self.listed_from("original")
    }

    /// The ids of all backups in the second location, the oldest first.
    #[track_caller]
    pub(crate) fn copies(&self) -> Vec<String> {
        self.listed_from("copy")
    }

    #[track_caller]
    fn listed_from(&self, location: &str) -> Vec<String> {
        let listed = self.json(&["list", "--from", location]);
        let lines = listed.as_array().expect("a list");
        let ids = lines.iter().map(|line| line["id"].as_str().expect("an id"));
        ids.rev().map(str::to_owned).collect()
    }
}
