//! `helmfile.yaml.gotmpl`, evaluated for an environment by Helm's template engine.

use std::fs;
use std::path::{Path, PathBuf};

use infra_tests::checkout;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::helm::{evaluate, mapping};

/// All environments.
pub(crate) const ENVIRONMENTS: [&str; 2] = ["test", "prod"];

/// The state file, evaluated.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct State {
    pub(crate) helm_defaults: Value,
    pub(crate) repositories: Vec<Repository>,
    pub(crate) releases: Vec<Release>,
}

#[derive(Deserialize)]
pub(crate) struct Repository {
    pub(crate) name: String,
    pub(crate) url: String,
}

/// One chart, installed once.
#[derive(Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Release {
    pub(crate) name: String,
    pub(crate) namespace: String,
    pub(crate) chart: String,
    pub(crate) version: Option<String>,
    #[serde(default = "yes")]
    pub(crate) installed: bool,
    pub(crate) labels: Map<String, Value>,
    #[serde(default)]
    pub(crate) needs: Vec<String>,
    #[serde(default)]
    pub(crate) disable_validation_on_install: bool,
    /// Commands that Helmfile runs beside Helm.
    #[serde(default)]
    pub(crate) hooks: Vec<Value>,
    /// Mappings, and names of files.
    #[serde(default)]
    values: Vec<Value>,
}

fn yes() -> bool {
    true
}

impl Release {
    /// As other releases name it when they need it.
    pub(crate) fn address(&self) -> String {
        format!("{}/{}", self.namespace, self.name)
    }

    /// Its chart's folder, if the chart is our own.
    pub(crate) fn own_chart(&self) -> Option<PathBuf> {
        self.chart
            .strip_prefix("./")
            .map(|chart| folder().join(chart))
    }

    /// All its values, the later over the earlier.
    pub(crate) fn values(&self, environment: &Environment) -> Vec<Value> {
        let read = |value: &Value| match value {
            Value::String(file) => environment.values_file(file),
            Value::Null => json!({}),
            mapping => mapping.clone(),
        };
        self.values.iter().map(read).collect()
    }
}

/// `infra/helmfile`.
pub(crate) fn folder() -> PathBuf {
    checkout().join("infra/helmfile")
}

/// An environment with its values, before the state file is evaluated.
pub(crate) struct Environment {
    pub(crate) name: String,
    pub(crate) values: Map<String, Value>,
}

impl Environment {
    /// With the sample of Terraform's output.
    pub(crate) fn load(name: &str) -> Environment {
        let mut environment = Environment::without_azure(name);
        let mut azure = azure_sample();
        azure["contextName"] = format!("example-{name}").into();
        merge(&mut environment.values, &azure);
        environment
    }

    /// With the timers in the cluster, which are off by default.
    pub(crate) fn with_timers(name: &str) -> Environment {
        let mut environment = Environment::load(name);
        environment.values["timers"]["installed"] = true.into();
        environment
    }

    /// Before Terraform's output is written.
    pub(crate) fn without_azure(name: &str) -> Environment {
        let mut values = Map::new();
        for file in files_of(name) {
            let path = folder().join(&file);
            if path.file_name().is_some_and(|file| file == "azure.json") {
                continue;
            }
            merge(&mut values, &yaml(&path));
        }
        Environment {
            name: name.to_owned(),
            values,
        }
    }

    /// The state file's second part in this environment, or its error.
    pub(crate) fn state(&self) -> Result<State, String> {
        let text = self.evaluate(&parts()[1])?;
        serde_saphyr::from_str(&text).map_err(|error| format!("{error} in:\n{text}"))
    }

    /// The versions of Postfacto.
    pub(crate) fn versions(&self) -> Vec<String> {
        let versions = self.values["postfacto"]["versions"].as_object();
        versions
            .expect("postfacto.versions is a map")
            .keys()
            .cloned()
            .collect()
    }

    /// The release of this name, with its values.
    pub(crate) fn release(&self, name: &str) -> (Release, Vec<Value>) {
        let state = self
            .state()
            .unwrap_or_else(|error| panic!("{}: {error}", self.name));
        let mut releases = state.releases.into_iter();
        let release = releases
            .find(|release| release.name == name)
            .unwrap_or_else(|| panic!("{}: no release {name}", self.name));
        let values = release.values(self);
        (release, values)
    }

    fn values_file(&self, file: &str) -> Value {
        let path = folder().join(file);
        let text = read(&path);
        let text = if file.ends_with(".gotmpl") {
            self.evaluate(&text)
                .unwrap_or_else(|error| panic!("{file}: {error}"))
        } else {
            text
        };
        serde_saphyr::from_str(&text).unwrap_or_else(|error| panic!("{file}: {error}"))
    }

    fn evaluate(&self, template: &str) -> Result<String, String> {
        let context = json!({
            "Values": self.values,
            "StateValues": self.values,
            "Environment": { "Name": self.name },
        });
        evaluate(template, &context)
    }
}

/// The namespace of a version.
pub(crate) fn namespace_of(version: &str) -> String {
    format!("postfacto-{}", version.replace('.', "-"))
}

/// The sample of Terraform's output, which Terraform's own tests compare with the real output.
pub(crate) fn azure_sample() -> Value {
    let path = checkout().join("infra/tests/azure.sample.json");
    serde_json::from_str(&read(&path)).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The value files that the state file's first part names for an environment, in order.
pub(crate) fn files_of(environment: &str) -> Vec<String> {
    let head = mapping(&parts()[0]);
    let files = head["environments"][environment]["values"].as_array();
    let files = files
        .unwrap_or_else(|| panic!("no environment {environment}"))
        .iter();
    files
        .map(|file| file.as_str().expect("a file's name").to_owned())
        .collect()
}

/// The state file's text: its environments, and its releases.
pub(crate) fn parts() -> [String; 2] {
    let text = read(&folder().join("helmfile.yaml.gotmpl"));
    let (head, body) = text
        .split_once("\n---\n")
        .expect("helmfile.yaml.gotmpl has two parts");
    [head.to_owned(), body.to_owned()]
}

fn yaml(path: &Path) -> Value {
    serde_saphyr::from_str(&read(path))
        .unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The paths of a folder's entries.
pub(crate) fn files_in(folder: &Path) -> Vec<PathBuf> {
    let entries =
        fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    entries
        .map(|entry| entry.expect("a folder can be read to its end").path())
        .collect()
}

pub(crate) fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Merges mappings key by key and replaces other values, as Helmfile and Helm do.
fn merge(into: &mut Map<String, Value>, from: &Value) {
    for (key, value) in from.as_object().into_iter().flatten() {
        match (into.get_mut(key), value) {
            (Some(Value::Object(present)), Value::Object(_)) => merge(present, value),
            _ => {
                into.insert(key.clone(), value.clone());
            }
        }
    }
}
