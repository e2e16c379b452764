//! The charts of others: versions, repositories, and the keys that they know.
//!
//! `infra/tests/charts.json` records each chart at its version. After a change of a version, a repository or a key, read
//! the chart and change the record.

use std::collections::{BTreeMap, BTreeSet};

use infra_tests::checkout;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::helmfile::{ENVIRONMENTS, Environment, read};

/// The record of a chart.
#[derive(Deserialize)]
struct Chart {
    repository: String,
    version: String,
    /// Keys of its values, as JSON pointers. Members below them are Kubernetes' own or free.
    keys: BTreeSet<String>,
}

fn charts() -> BTreeMap<String, Chart> {
    let text = read(&checkout().join("infra/tests/charts.json"));
    serde_json::from_str(&text).expect("charts.json lists charts")
}

#[test]
fn every_chart_has_its_recorded_version_and_repository() {
    let charts = charts();
    for name in ENVIRONMENTS {
        let state = Environment::load(name).state().expect("it evaluates");
        let foreign = state.releases.iter().filter(|it| it.own_chart().is_none());
        let mut seen = BTreeSet::new();
        for release in foreign {
            let found = charts.get(&release.chart);
            let found = found.unwrap_or_else(|| panic!("{}: not in charts.json", release.chart));
            assert_eq!(
                release.version.as_ref(),
                Some(&found.version),
                "{}",
                release.chart
            );
            let alias = release.chart.split('/').next().unwrap_or_default();
            let mut repositories = state.repositories.iter();
            let repository = repositories
                .find(|it| it.name == alias)
                .expect("it is listed");
            assert_eq!(repository.url, found.repository, "{}", release.chart);
            seen.insert(&release.chart);
        }
        assert_eq!(seen, charts.keys().collect(), "{name}");
    }
}

#[test]
fn every_key_is_known_to_its_chart() {
    let charts = charts();
    for name in ENVIRONMENTS {
        let environment = Environment::load(name);
        let state = environment.state().expect("it evaluates");
        for release in state.releases.iter().filter(|it| it.own_chart().is_none()) {
            let mut used = BTreeSet::new();
            for values in release.values(&environment) {
                let unknown = unknown_keys(&values, "", &charts[&release.chart].keys, &mut used);
                assert!(unknown.is_empty(), "{} knows no {unknown:?}", release.chart);
            }
            assert_eq!(
                used, charts[&release.chart].keys,
                "{}: keys without a use",
                release.chart
            );
        }
    }
}

#[test]
fn a_mistyped_key_is_detected() {
    let keys = BTreeSet::from(["/replicaCount".to_owned(), "/webhook/resources".to_owned()]);
    let found = |values: Value| unknown_keys(&values, "", &keys, &mut BTreeSet::new());
    let right = json!({ "replicaCount": 2, "webhook": { "resources": { "limits": {} } } });
    assert!(found(right).is_empty());
    let wrong = json!({ "replicasCount": 2, "webhook": { "resource": {} } });
    assert_eq!(found(wrong), ["/replicasCount", "/webhook/resource"]);
}

/// The keys that a chart does not know; the known ones go into `used`.
fn unknown_keys(
    values: &Value,
    path: &str,
    known: &BTreeSet<String>,
    used: &mut BTreeSet<String>,
) -> Vec<String> {
    let mut unknown = Vec::new();
    for (key, value) in values.as_object().into_iter().flatten() {
        let path = format!("{path}/{key}");
        if known.contains(&path) {
            used.insert(path);
        } else if known.iter().any(|it| it.starts_with(&format!("{path}/"))) {
            unknown.extend(unknown_keys(value, &path, known, used));
        } else {
            unknown.push(path);
        }
    }
    unknown
}
