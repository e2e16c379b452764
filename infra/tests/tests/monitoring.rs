//! `infra/monitoring`: the alert rules fire in their cases, the dashboard's panels are complete, and both name metrics of
//! the program.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use infra_tests::{checkout, output, program};
use serde_json::{Value, json};

fn path(file: &str) -> PathBuf {
    checkout().join("infra/monitoring").join(file)
}

fn read(file: &Path) -> String {
    fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

fn promtool(arguments: &[&str], file: &Path) {
    let promtool = program("PROMTOOL", "promtool");
    output(Command::new(promtool).args(arguments).arg(file));
}

fn rules() -> Vec<Value> {
    let rules: Value = serde_saphyr::from_str(&read(&path("alerts.yaml"))).expect("it is YAML");
    let groups = rules["groups"].as_array().into_iter().flatten();
    let rules = groups.flat_map(|group| group["rules"].as_array().into_iter().flatten());
    rules.cloned().collect()
}

/// The panels that show data.
fn panels() -> Vec<Value> {
    let dashboard: Value =
        serde_json::from_str(&read(&path("dashboard.json"))).expect("it is JSON");
    let panels = dashboard["panels"].as_array().expect("it has panels");
    let panels = panels.iter().filter(|panel| panel["type"] != "row");
    panels.cloned().collect()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

#[test]
fn rules_are_valid_and_fire_in_their_cases() {
    let check = ["check", "rules", "--lint=all", "--lint-fatal"];
    promtool(&check, &path("alerts.yaml"));
    promtool(&["test", "rules"], &path("alerts.test.yaml"));
}

/// `tests` compares no alert that it does not name.
#[test]
fn every_rule_has_a_case_and_names_its_first_step() {
    let cases = read(&path("alerts.test.yaml"));
    for rule in rules() {
        let name = text(&rule["alert"]);
        assert!(cases.contains(&format!("alertname=\"{name}\"")), "{name}");
        let severity = text(&rule["labels"]["severity"]);
        assert!(["critical", "warning"].contains(&severity), "{name}");
        for annotation in ["summary", "description"] {
            assert_ne!(text(&rule["annotations"][annotation]), "", "{name}");
        }
    }
}

#[test]
fn runbooks_of_rules_are_headings() {
    for rule in rules() {
        let runbook = text(&rule["annotations"]["runbook"]);
        let (file, heading) = runbook.split_once('#').unwrap_or_default();
        let text = read(&checkout().join(file));
        let headings = text.lines().filter(|line| line.starts_with('#'));
        let found = headings.map(anchor).any(|it| it == heading);
        assert!(found, "{}: {runbook}", rule["alert"]);
    }
}

/// A heading's anchor, as GitHub makes it.
fn anchor(heading: &str) -> String {
    let words = heading.trim_start_matches('#').trim().to_lowercase();
    let kept = words
        .chars()
        .filter(|it| it.is_alphanumeric() || " -_".contains(*it));
    kept.map(|it| if it == ' ' { '-' } else { it }).collect()
}

/// A test of the program compares its output with this list.
#[test]
fn metrics_of_rules_and_panels_are_documented() {
    let api = read(&checkout().join("docs/api.md"));
    let queries = rules()
        .into_iter()
        .map(|rule| text(&rule["expr"]).to_owned());
    let panels = panels().into_iter().flat_map(|panel| {
        let targets = panel["targets"].as_array().into_iter().flatten();
        let queries = targets.map(|target| text(&target["expr"]).to_owned());
        queries.collect::<Vec<_>>()
    });
    let mut count = 0;
    for query in queries.chain(panels) {
        for metric in metrics(&query) {
            assert!(api.contains(&format!("`{metric}`")), "{metric} of {query}");
            count += 1;
        }
    }
    assert!(count > 40, "{count} names were found");
}

/// The names of families in a query.
fn metrics(query: &str) -> Vec<&str> {
    let words = query.split(|it: char| !it.is_ascii_lowercase() && it != '_');
    let names = words.filter(|word| word.starts_with("magnusapi_"));
    let families = names.map(|name| {
        let suffixes = ["_bucket", "_sum", "_count"].into_iter();
        let mut stripped = suffixes.filter_map(|suffix| name.strip_suffix(suffix));
        stripped.next().unwrap_or(name)
    });
    families.collect()
}

/// Grafana shows a faulty panel without data, as it shows one without a fault.
#[test]
fn panels_are_complete_and_their_queries_are_valid() {
    let mut recordings = "groups:\n  - name: dashboard\n    rules:\n".to_owned();
    let mut ids = BTreeSet::new();
    let mut titles = BTreeSet::new();
    for (number, panel) in panels().into_iter().enumerate() {
        let title = text(&panel["title"]);
        assert!(
            titles.insert(title.to_owned()),
            "two panels are named {title}"
        );
        assert!(
            ids.insert(panel["id"].as_u64()),
            "{title} has the id of another panel"
        );
        assert_ne!(
            text(&panel["fieldConfig"]["defaults"]["unit"]),
            "",
            "{title}"
        );
        assert_eq!(panel["datasource"]["uid"], "${datasource}", "{title}");
        let targets = panel["targets"].as_array().expect("a panel has queries");
        assert!(!targets.is_empty(), "{title}");
        for target in targets {
            let query = json!(text(&target["expr"]).replace("$__rate_interval", "5m"));
            writeln!(
                recordings,
                "      - record: panel:{number}\n        expr: {query}"
            )
            .expect("a string can grow");
        }
    }
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("it is writable");
    let file = folder.path().join("dashboard.yaml");
    fs::write(&file, recordings).expect("it is writable");
    promtool(&["check", "rules", "--lint=none"], &file);
}

#[test]
fn panels_do_not_overlap() {
    let mut taken = BTreeSet::new();
    for panel in panels() {
        let place = |name: &str| {
            panel["gridPos"][name]
                .as_u64()
                .expect("a panel has a place")
        };
        assert!(place("x") + place("w") <= 24, "{}", panel["title"]);
        for x in place("x")..place("x") + place("w") {
            for y in place("y")..place("y") + place("h") {
                assert!(
                    taken.insert((x, y)),
                    "{} is over another panel",
                    panel["title"]
                );
            }
        }
    }
}
