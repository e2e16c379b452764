//! Our own charts: lint, and values that their schemas reject.

use std::fs;
use std::path::PathBuf;

use serde_json::Value;

use crate::helm::{finish, helm, scratch, template};
use crate::helmfile::{ENVIRONMENTS, Environment, Release, folder};

fn charts() -> Vec<PathBuf> {
    let entries = fs::read_dir(folder().join("charts")).expect("charts can be read");
    entries
        .map(|entry| entry.expect("a chart can be read").path())
        .collect()
}

/// The releases of our charts in an environment, with their values.
fn releases(environment: &Environment) -> Vec<(Release, Vec<Value>)> {
    let state = environment
        .state()
        .unwrap_or_else(|error| panic!("{error}"));
    let own = state
        .releases
        .into_iter()
        .filter(|release| release.own_chart().is_some());
    own.map(|release| (release.clone(), release.values(environment)))
        .collect()
}

#[test]
fn helm_lints_every_chart() {
    for name in ENVIRONMENTS {
        let environment = Environment::load(name);
        let mut linted = Vec::new();
        for (release, values) in releases(&environment) {
            let chart = release.own_chart().expect("an own chart");
            // Lint sees no difference between releases of a chart.
            if linted.contains(&chart) {
                continue;
            }
            let folder = scratch();
            let mut lint = helm();
            lint.args(["lint", "--strict", "--quiet"]).arg(&chart);
            for (number, values) in values.iter().enumerate() {
                let path = folder.path().join(format!("{number}.yaml"));
                fs::write(&path, values.to_string()).expect("a scratch folder can be written to");
                lint.arg("--values").arg(path);
            }
            finish(&mut lint).unwrap_or_else(|message| panic!("{}: {message}", chart.display()));
            linted.push(chart);
        }
        assert_eq!(linted.len(), charts().len(), "{name} uses every chart");
    }
}

#[test]
fn every_chart_has_a_description_and_notes() {
    for chart in charts() {
        for file in ["README.md", "values.schema.json", "templates/NOTES.txt"] {
            assert!(chart.join(file).is_file(), "{}/{file}", chart.display());
        }
    }
}

/// A chart, values that it must reject, and its message.
const INVALID: [(&str, &str, &str); 34] = [
    ("namespace", r#"{ "podSecurity": "none" }"#, "/podSecurity"),
    ("namespace", r#"{ "trafic": {} }"#, "trafic"),
    (
        "gateway",
        r#"{ "proxy": { "replicas": 1 } }"#,
        "/proxy/replicas",
    ),
    (
        "gateway",
        r#"{ "acme": { "server": "http://acme.example" } }"#,
        "/acme/server",
    ),
    ("gateway", r#"{ "acme": { "email": "" } }"#, "/acme/email"),
    ("nginx", r#"{ "host": "hello" }"#, "/host"),
    ("nginx", r#"{ "image": { "tag": "latest" } }"#, "/image/tag"),
    (
        "valkey",
        r#"{ "image": { "tag": "8-alpine" } }"#,
        "/image/tag",
    ),
    ("valkey", r#"{ "nodeSelector": null }"#, "nodeSelector"),
    ("valkey", r#"{ "resources": { "limits": null } }"#, "limits"),
    ("postgres", r#"{ "image": { "tag": "15" } }"#, "/image/tag"),
    ("postgres", r#"{ "instances": 1 }"#, "/instances"),
    (
        "postgres",
        r#"{ "barman": { "clientId": "" } }"#,
        "/barman/clientId",
    ),
    (
        "postgres",
        r#"{ "barman": { "storageAccount": "https://account" } }"#,
        "/barman/storageAccount",
    ),
    (
        "postgres",
        r#"{ "barman": { "folder": "container" } }"#,
        "/barman/folder",
    ),
    ("observer", r#"{ "schedule": "*/15" }"#, "/schedule"),
    (
        "timers",
        r#"{ "schedules": { "scale": "* * * * *" } }"#,
        "scale",
    ),
    (
        "timers",
        r#"{ "schedules": { "postfacto_backup": "0 0 2 * * *" } }"#,
        "/schedules/postfacto_backup",
    ),
    (
        "timers",
        r#"{ "image": { "repository": "magnusapi" } }"#,
        "/image/repository",
    ),
    ("priority", r#"{ "platform": 2000000000 }"#, "/platform"),
    ("postfacto", r#"{ "replicas": -1 }"#, "/replicas"),
    (
        "postgres",
        r#"{ "barman": { "schedule": "0 1 * * *" } }"#,
        "/barman/schedule",
    ),
    (
        "postgres",
        r#"{ "internalEndpoint": { "allowFrom": "" } }"#,
        "/internalEndpoint/allowFrom",
    ),
    (
        "postgres",
        r#"{ "recovery": { "serverName": "postgres" } }"#,
        "barman.serverName must differ",
    ),
    (
        "postgres",
        r#"{ "barman": { "enabled": false }, "recovery": { "serverName": "postgres" } }"#,
        "recovery.serverName needs barman.enabled",
    ),
    ("postfacto", r#"{ "version": "latest" }"#, "/version"),
    (
        "postfacto",
        r#"{ "version": "4.2.0", "actionCable": { "adapter": "postgres" } }"#,
        "needs Postfacto 4.3.0",
    ),
    (
        "postfacto",
        r#"{ "admin": { "email": "operations" } }"#,
        "/admin/email",
    ),
    (
        "postfacto",
        r#"{ "admin": { "email": "Operations@example.org" } }"#,
        "/admin/email",
    ),
    (
        "postfacto",
        r#"{ "settings": { "maxThreads": 6 } }"#,
        "/settings/maxThreads",
    ),
    (
        "postfacto",
        r#"{ "settings": { "sessionTime": 0 } }"#,
        "/settings/sessionTime",
    ),
    (
        "postfacto",
        r#"{ "settings": { "archiveEmails": true } }"#,
        "archiveEmails",
    ),
    (
        "postfacto",
        r#"{ "gateway": { "requestTimeout": "0s" } }"#,
        "/gateway/requestTimeout",
    ),
    (
        "postfacto",
        r#"{ "secrets": { "source": "keyVault", "keyVault": { "name": "" } } }"#,
        "/secrets/keyVault/name",
    ),
];

#[test]
fn invalid_values_are_rejected_by_name() {
    let releases = releases(&Environment::load("test"));
    for (chart, values, expected) in INVALID {
        let mut of_chart = releases.iter();
        let (release, own) = of_chart
            .find(|(release, _)| release.chart == format!("./charts/{chart}"))
            .unwrap_or_else(|| panic!("no release of {chart}"));
        let more = serde_json::from_str(values).expect("the values are JSON");
        let message = refusal(release, &[own.as_slice(), &[more]].concat());
        assert!(
            message.contains(expected),
            "{chart} with {values}: {message}"
        );
    }
}

/// The message of a release's chart for these values.
fn refusal(release: &Release, values: &[Value]) -> String {
    let chart = release.own_chart().expect("an own chart");
    let rendered = template(&chart, &release.name, &release.namespace, values, &[]);
    let message = rendered
        .err()
        .unwrap_or_else(|| panic!("{} takes {values:?}", release.chart));
    message.replace('\'', "")
}
