//! The charts of others themselves, at the versions that the state file pins.
//!
//! `cargo xtask infra --real-charts` runs these: they fetch from the charts' repositories, or take the folder that
//! `CHARTS` names, with one unpacked chart below `<name>`.

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use tempfile::TempDir;

use crate::helm::{documents, finish, helm, scratch, template};
use crate::helmfile::{ENVIRONMENTS, Environment, Release, State, read};
use crate::rendered::all;
use crate::strict::Definitions;

/// A release of a chart that is not ours, and the chart.
struct Fetched {
    environment: Environment,
    release: Release,
    chart: PathBuf,
}

#[test]
#[ignore = "it fetches charts: cargo xtask infra --real-charts"]
fn every_third_party_chart_renders_and_knows_every_key() {
    let folder = scratch();
    for fetched in fetched(&folder) {
        let values = fetched.release.values(&fetched.environment);
        let (name, namespace) = (&fetched.release.name, &fetched.release.namespace);
        let rendered = template(&fetched.chart, name, namespace, &values, &[]);
        let shown = format!("{} in {}", fetched.release.chart, fetched.environment.name);
        let manifests = rendered.unwrap_or_else(|error| panic!("{shown}: {error}"));
        assert!(!documents(&manifests).is_empty(), "{shown} renders nothing");
        let known = Keys::of(&fetched.chart);
        for values in values {
            let unknown = known.unknown(&values);
            assert!(unknown.is_empty(), "{shown} knows no {unknown:?}");
        }
    }
}

/// Kinds without a chart here: AKS installs the driver of Key Vault's secrets.
const WITHOUT_CHART: [&str; 1] = ["SecretProviderClass"];

#[test]
#[ignore = "it fetches charts: cargo xtask infra --real-charts"]
fn every_custom_resource_matches_its_charts_definition() {
    let folder = scratch();
    let mut definitions = Definitions::default();
    for fetched in fetched(&folder) {
        let values = fetched.release.values(&fetched.environment);
        let more = ["--include-crds"];
        let (name, namespace) = (&fetched.release.name, &fetched.release.namespace);
        let rendered = template(&fetched.chart, name, namespace, &values, &more);
        definitions.add(&documents(
            &rendered.unwrap_or_else(|error| panic!("{name}: {error}")),
        ));
    }
    assert!(definitions.len() > 10, "{} definitions", definitions.len());
    let mut kinds: BTreeMap<&str, bool> = BTreeMap::new();
    for object in all().iter().flat_map(|rendered| &rendered.objects) {
        let is_custom = object.value["apiVersion"].as_str().is_some_and(|version| {
            version.contains('.') && !version.contains("k8s.io/") || version.starts_with("gateway.")
        });
        if !is_custom {
            continue;
        }
        let judged = definitions.judge(&object.value);
        kinds.insert(object.kind(), judged.is_some());
        if let Some(Err(problem)) = judged {
            panic!("{}: {problem}", object.shown());
        }
    }
    let undefined = kinds
        .iter()
        .filter(|(kind, defined)| !**defined && !WITHOUT_CHART.contains(kind));
    let undefined: Vec<_> = undefined.map(|(kind, _)| kind).collect();
    assert!(
        undefined.is_empty() && kinds.len() > 5,
        "no chart defines {undefined:?}"
    );
}

/// The releases of both environments, with their charts in `folder`.
fn fetched(folder: &TempDir) -> Vec<Fetched> {
    let mut all = Vec::new();
    for name in ENVIRONMENTS {
        let state = Environment::load(name).state().expect("it evaluates");
        for release in &state.releases {
            if release.own_chart().is_none() {
                all.push(Fetched {
                    environment: Environment::load(name),
                    release: release.clone(),
                    chart: fetch(&state, release, folder.path()),
                });
            }
        }
    }
    all
}

fn fetch(state: &State, release: &Release, folder: &Path) -> PathBuf {
    let (alias, name) = release
        .chart
        .split_once('/')
        .expect("a repository and a name");
    let version = release.version.as_deref().expect("it is pinned");
    let chart =
        env::var_os("CHARTS").map_or_else(|| folder.join(name), |it| PathBuf::from(it).join(name));
    if chart.is_dir() {
        return chart;
    }
    let repository = state
        .repositories
        .iter()
        .find(|it| it.name == alias)
        .expect("it is listed");
    let mut pull = helm();
    pull.arg("pull");
    if repository.url.starts_with("https://") {
        pull.args([name, "--repo", &repository.url]);
    } else {
        pull.arg(format!("oci://{}/{name}", repository.url));
    }
    pull.args(["--version", version, "--untar", "--untardir"])
        .arg(folder);
    if let Err(error) = finish(&mut pull) {
        panic!(
            "cannot fetch {} {version} from {}, so nothing is known of it: {error}\nRun this where the repository can \
             be reached, or set CHARTS to a folder with the unpacked chart in {name}/",
            release.chart, repository.url
        );
    }
    chart
}

/// The keys that a chart knows: those of its schema, of its values, and those that its values show as comments.
struct Keys {
    values: Value,
    schema: Value,
    /// Keys in comments, at any depth.
    comments: Vec<String>,
}

impl Keys {
    fn of(chart: &Path) -> Keys {
        let text = read(&chart.join("values.yaml"));
        let schema = fs::read_to_string(chart.join("values.schema.json")).unwrap_or_default();
        Keys::parse(&text, &schema)
    }

    fn parse(text: &str, schema: &str) -> Keys {
        let comments = text.lines().filter_map(|line| {
            let key = line
                .trim_start()
                .strip_prefix('#')?
                .trim_start()
                .split_once(':')?
                .0;
            let is_key = !key.is_empty() && key.bytes().all(|it| it.is_ascii_alphanumeric());
            is_key.then(|| key.to_owned())
        });
        Keys {
            values: serde_saphyr::from_str(text).expect("values are YAML"),
            schema: serde_json::from_str(schema).unwrap_or_default(),
            comments: comments.collect(),
        }
    }

    fn unknown(&self, values: &Value) -> Vec<String> {
        let mut unknown = Vec::new();
        self.walk(
            values,
            Some(&self.values),
            Some(&self.schema),
            "",
            &mut unknown,
        );
        unknown
    }

    fn walk(
        &self,
        values: &Value,
        known: Option<&Value>,
        schema: Option<&Value>,
        path: &str,
        unknown: &mut Vec<String>,
    ) {
        for (key, value) in values.as_object().into_iter().flatten() {
            let path = format!("{path}/{key}");
            let below = known.and_then(|it| it.get(key));
            let described = schema.and_then(|it| self.resolved(it)?.get("properties")?.get(key));
            if below.is_none() && described.is_none() && !self.comments.contains(key) {
                unknown.push(path);
                continue;
            }
            // Members that a chart does not name are Kubernetes' own or free.
            let members = match below {
                Some(default) => Some(default),
                None => described.and_then(|it| self.resolved(it)?.get("properties")),
            };
            if members
                .and_then(Value::as_object)
                .is_some_and(|it| !it.is_empty())
            {
                self.walk(value, below, described, &path, unknown);
            }
        }
    }

    /// The part of the schema that a reference names.
    fn resolved<'a>(&'a self, schema: &'a Value) -> Option<&'a Value> {
        match schema.get("$ref").and_then(Value::as_str) {
            Some(reference) => self.schema.pointer(reference.strip_prefix('#')?),
            None => Some(schema),
        }
    }
}

#[test]
fn values_schema_and_comments_make_keys_known() {
    let schema = r##"{ "properties": { "crds": { "$ref": "#/$defs/crds" } }, "$defs": { "crds": { "properties": { "enabled": {} } } } }"##;
    let keys = Keys::parse(
        "replicas: 1\nresources: {}\nwebhook:\n  port: 1\n# nodeSelector: {}\n",
        schema,
    );
    let right = serde_json::json!({
        "crds": { "enabled": true }, "nodeSelector": { "a": "b" }, "replicas": 2, "resources": { "limits": {} },
        "webhook": { "port": 2 },
    });
    assert_eq!(keys.unknown(&right), [""; 0]);
    let wrong =
        serde_json::json!({ "crds": { "enable": true }, "replica": 2, "webhook": { "ports": 2 } });
    assert_eq!(
        keys.unknown(&wrong),
        ["/crds/enable", "/replica", "/webhook/ports"]
    );
}
