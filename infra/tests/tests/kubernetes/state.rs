//! The state file: its guards, its order, and its switches.

use std::collections::BTreeSet;

use serde_json::json;

use crate::helmfile::{ENVIRONMENTS, Environment, Release, State, files_of, folder};
use crate::placement::assert_apart;
use crate::rendered::Rendered;

fn state(name: &str) -> State {
    Environment::load(name)
        .state()
        .unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn each_release(check: impl Fn(&State, &Release)) {
    for name in ENVIRONMENTS {
        let state = state(name);
        for release in &state.releases {
            check(&state, release);
        }
    }
}

fn failure(environment: &Environment) -> String {
    environment.state().err().expect("the state file must fail")
}

#[test]
fn a_missing_azure_json_names_its_command() {
    for name in ENVIRONMENTS {
        let message = failure(&Environment::without_azure(name));
        let command = format!("cargo xtask infra values {name}");
        assert!(message.contains(&command), "{message}");
    }
}

#[test]
fn a_missing_environment_is_named() {
    let nameless = Environment {
        name: "default".to_owned(),
        values: serde_json::Map::new(),
    };
    let message = failure(&nameless);
    assert!(message.contains("helmfile --environment test"), "{message}");
}

#[test]
fn values_of_another_environment_are_rejected() {
    for context in ["example-prod", "test-example", ""] {
        let mut environment = Environment::load("test");
        environment.values["contextName"] = context.into();
        let message = failure(&environment);
        assert!(
            message.contains("is of another environment"),
            "{context}: {message}"
        );
    }
    for context in ["test", "example-test"] {
        let mut environment = Environment::load("test");
        environment.values["contextName"] = context.into();
        assert_eq!(
            environment.state().unwrap().helm_defaults["kubeContext"],
            context
        );
    }
}

/// With the flag, Helm 4 removes the labels that the chart `namespace` sets on a namespace: Pod Security,
/// and the right to use the gateway. `Release` rejects a release with a setting of its own.
#[test]
fn no_release_is_installed_with_create_namespace() {
    for name in ENVIRONMENTS {
        let defaults = state(name).helm_defaults;
        assert_eq!(defaults["createNamespace"], false, "{name}");
        let arguments = ["args", "diffArgs", "syncArgs"].map(|list| defaults[list].to_string());
        assert!(!arguments.concat().contains("--create-namespace"), "{name}");
    }
}

#[test]
fn the_default_version_is_installed() {
    for (default, installed) in [("9.9.9", true), ("4.2.0", false)] {
        let mut environment = Environment::load("test");
        environment.values["postfacto"]["default"] = default.into();
        environment.values["postfacto"]["versions"]["4.2.0"] = json!({ "installed": installed });
        let message = failure(&environment);
        assert!(
            message.contains(&format!("postfacto.default is \"{default}\"")),
            "{message}"
        );
    }
}

#[test]
fn every_environment_reads_its_three_files_of_values() {
    for name in ENVIRONMENTS {
        let expected = [
            "environments/defaults.yaml".to_owned(),
            format!("environments/{name}/values.yaml"),
            format!("environments/{name}/azure.json"),
        ];
        assert_eq!(files_of(name), expected);
    }
}

#[test]
fn third_party_charts_are_pinned_and_have_known_repositories() {
    each_release(|state, release| {
        if let Some(chart) = release.own_chart() {
            assert!(chart.join("Chart.yaml").is_file(), "{}", release.chart);
            assert!(release.version.is_none());
            return;
        }
        let version = release
            .version
            .as_deref()
            .unwrap_or_default()
            .trim_start_matches('v');
        let numbers: Vec<_> = version.split('.').map(str::parse::<u32>).collect();
        assert!(
            numbers.len() == 3 && numbers.iter().all(Result::is_ok),
            "{}: {version}",
            release.name
        );
        let repository = release.chart.split('/').next().unwrap_or_default();
        let known = state
            .repositories
            .iter()
            .find(|known| known.name == repository);
        let known = known.unwrap_or_else(|| panic!("no repository {repository}"));
        assert!(
            !known.url.is_empty() && !known.url.starts_with("http://"),
            "{}",
            known.url
        );
    });
}

#[test]
fn needed_releases_exist_and_precede() {
    for name in ENVIRONMENTS {
        let mut before = BTreeSet::new();
        for release in &state(name).releases {
            for needed in &release.needs {
                assert!(
                    before.contains(needed),
                    "{name}: {} needs {needed}",
                    release.name
                );
            }
            let namespace = format!("default/namespace-{}", release.namespace);
            assert!(
                release.namespace == "default" || before.contains(&namespace),
                "{}",
                release.name
            );
            assert!(
                before.insert(release.address()),
                "{} is there twice",
                release.address()
            );
        }
    }
}

#[test]
fn a_release_can_be_applied_alone_by_its_labels() {
    each_release(|_, release| {
        let tier = release.labels["tier"].as_str().unwrap_or_default();
        let tiers = ["namespaces", "platform", "gateway", "hello", "postfacto"];
        assert!(tiers.contains(&tier), "{}: {tier}", release.name);
        if tier == "postfacto" {
            assert!(
                release.labels["version"].is_string(),
                "4.10 must not become a number"
            );
            assert!(release.labels["component"].is_string());
        }
    });
}

/// On a new cluster, Helm would reject kinds that an earlier release or the chart itself installs.
#[test]
fn releases_of_custom_resources_skip_validation_on_install() {
    each_release(|_, release| {
        let has_kinds = [
            "cnpg/plugin-barman-cloud",
            "gateway",
            "nginx",
            "postfacto",
            "postgres",
            "vmware-tanzu/velero",
        ];
        let chart = release.chart.trim_start_matches("./charts/");
        assert_eq!(
            release.disable_validation_on_install,
            has_kinds.contains(&chart),
            "{}",
            release.name
        );
    });
}

#[test]
fn releases_can_be_switched_off_in_an_environment() {
    let mut environment = Environment::load("test");
    for release in ["hello", "velero"] {
        environment.values[release]["installed"] = false.into();
    }
    environment.values["postfacto"]["versions"]["4.2.0"] = json!({ "installed": false });
    let releases = environment.state().unwrap().releases;
    let off = releases
        .iter()
        .filter(|release| !release.installed)
        .map(|release| release.name.as_str());
    let expected = [
        "namespace-magnusapi",
        "velero",
        "timers",
        "hello",
        "postfacto-4-2-0-valkey",
        "postfacto-4-2-0",
    ];
    assert_eq!(off.collect::<Vec<_>>(), expected);
}

/// Without the identity and the settings, every run would fail.
#[test]
fn timers_need_terraforms_part() {
    let mut environment = Environment::with_timers("test");
    environment.values["appTimers"]["schedules"] = json!({});
    let message = failure(&environment);
    assert!(message.contains("cluster_timers"), "{message}");
}

#[test]
fn an_added_version_needs_one_line() {
    let mut environment = Environment::load("test");
    let before = environment.versions().len();
    environment.values["postfacto"]["versions"]["9.9.9"] = json!({});
    let state = environment.state().unwrap();
    let rendered = Rendered::of(&environment, &state.releases);
    rendered.one("Cluster", "postfacto-9-9-9", "postgres");
    assert_eq!(rendered.kind("Cluster").count(), before + 1);
    assert_apart(&rendered);
}

#[test]
fn a_version_can_run_without_a_cache() {
    let mut environment = Environment::load("test");
    let postgres = json!({ "app": { "actionCable": { "adapter": "postgres" } } });
    environment.values["postfacto"]["versions"]["4.3.11"] = postgres;
    let releases = environment.state().unwrap().releases;
    let rendered = Rendered::of(&environment, &releases);
    assert!(
        releases
            .iter()
            .all(|release| release.name != "postfacto-4-3-11-valkey" || !release.installed)
    );
    let app = releases
        .iter()
        .find(|release| release.name == "postfacto-4-3-11")
        .expect("the app");
    assert!(app.needs.iter().all(|needed| !needed.contains("valkey")));
    let settings = &rendered
        .one("ConfigMap", "postfacto-4-3-11", "postfacto")
        .value["data"];
    assert_eq!(settings["USE_POSTGRES_FOR_ACTION_CABLE"], "true");
    let deployment = rendered.one("Deployment", "postfacto-4-3-11", "postfacto");
    assert!(!deployment.value.to_string().contains("REDIS_URL"));
}

#[test]
fn every_values_file_is_used() {
    let text = std::fs::read_to_string(folder().join("helmfile.yaml.gotmpl")).unwrap();
    for entry in std::fs::read_dir(folder().join("values")).unwrap() {
        let name = format!("values/{}", entry.unwrap().file_name().display());
        assert!(text.contains(&name), "{name}");
    }
}

/// The command of a database's hook on an event, as one line.
fn hook(environment: &Environment, event: &str) -> String {
    let (release, _) = environment.release("postfacto-4-3-11-postgres");
    let mut hooks = release.hooks.iter();
    let hook = hooks.find(|hook| hook["events"][0] == event);
    let hook = hook.unwrap_or_else(|| panic!("no hook on {event}"));
    let words = hook["args"].as_array().into_iter().flatten();
    let words = std::iter::once(&hook["command"]).chain(words);
    words
        .map(|word| word.as_str().expect("text"))
        .collect::<Vec<_>>()
        .join(" ")
}

#[test]
fn database_hooks_name_the_cluster() {
    let test = Environment::load("test");
    let own = "kubectl --context example-test --namespace postfacto-4-3-11";
    assert_eq!(
        hook(&test, "postsync"),
        format!("{own} wait cluster/postgres --for=condition=Ready --timeout=20m")
    );
    let delete = "delete cluster/postgres --ignore-not-found --wait --timeout=20m";
    assert_eq!(hook(&test, "preuninstall"), format!("{own} {delete}"));
    assert!(hook(&test, "postuninstall").contains("remain"));
}

#[test]
fn destroy_stops_at_a_database_of_prod() {
    let command = hook(&Environment::load("prod"), "preuninstall");
    assert!(command.ends_with("exit 1"), "{command}");
    assert!(command.contains("postfacto.destroyDatabases"), "{command}");
}
