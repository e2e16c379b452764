//! The values of the charts of others. The charts cannot be rendered here; `infra/helmfile/README.md` describes how
//! their values were compared with them.

use serde_json::{Value, json};

use crate::helmfile::{ENVIRONMENTS, Environment, Release, namespace_of};
use crate::rendered::all;
use crate::selector::chooses;

/// A release's values, all files merged.
fn merged_values(environment: &Environment, name: &str) -> Value {
    let (_, values) = environment.release(name);
    let [values] = values.as_slice() else {
        panic!("{name} has {} files of values", values.len());
    };
    values.clone()
}

fn each_environment(check: impl Fn(&Environment)) {
    for name in ENVIRONMENTS {
        check(&Environment::load(name));
    }
}

const IDENTITY: &str = "azure.workload.identity/use";
const CLIENT: &str = "azure.workload.identity/client-id";

#[test]
fn every_release_sets_resources_unless_its_chart_does() {
    each_environment(|environment| {
        let state = environment
            .state()
            .unwrap_or_else(|error| panic!("{error}"));
        let is_told =
            |release: &&Release| release.own_chart().is_none() && release.name != "envoy-gateway";
        for release in state.releases.iter().filter(is_told) {
            let limit =
                merged_values(environment, &release.name)["resources"]["limits"]["memory"].clone();
            assert!(limit.is_string(), "{}", release.name);
        }
    });
}

#[test]
fn external_dns_changes_only_its_own_records_in_its_zone() {
    each_environment(|environment| {
        let values = merged_values(environment, "external-dns");
        assert_eq!(values["domainFilters"], json!(["example.org"]));
        assert_eq!([&values["policy"], &values["registry"]], ["sync", "txt"]);
        // Two clusters on one zone would delete each other's records.
        assert_eq!(values["txtOwnerId"], environment.values["contextName"]);
        assert_eq!(values["sources"], json!(["gateway-httproute", "service"]));
        assert_eq!(values["podLabels"][IDENTITY], "true");
        let account = &values["serviceAccount"]["annotations"];
        assert_eq!(account[CLIENT], "00000000-0000-0000-0000-00000000c002");
        assert_eq!(
            values["extraVolumes"][0]["configMap"]["name"],
            "external-dns-azure"
        );
    });
}

#[test]
fn cert_manager_has_an_identity_and_its_kinds() {
    each_environment(|environment| {
        let values = merged_values(environment, "cert-manager");
        assert_eq!(values["podLabels"][IDENTITY], "true");
        assert_eq!(values["crds"]["enabled"], true);
    });
}

#[test]
fn velero_stores_only_generated_secrets() {
    each_environment(|environment| {
        let values = merged_values(environment, "velero");
        let location = &values["configuration"]["backupStorageLocation"][0];
        assert_eq!(location["bucket"], "example-velero");
        assert_eq!(location["config"]["useAAD"], "true");
        assert_eq!(values["credentials"]["useSecret"], false);
        assert_eq!(
            values["serviceAccount"]["server"]["annotations"][CLIENT],
            "00000000-0000-0000-0000-00000000c005"
        );
        let namespaces = &values["schedules"]["objects"]["template"]["includedNamespaces"];
        let versions = environment.versions();
        let of_versions = versions.iter().map(|version| namespace_of(version));
        assert_eq!(namespaces, &json!(of_versions.collect::<Vec<_>>()));
        let template = &values["schedules"]["objects"]["template"];
        assert_eq!(template["includedResources"], json!(["secrets"]));
        let rendered = all().iter().find(|it| it.environment == environment.name);
        for secret in rendered.expect("it is rendered").kind("Secret") {
            let labels = &secret.value["metadata"]["labels"];
            assert!(
                chooses(&template["labelSelector"], labels),
                "{}",
                secret.shown()
            );
        }
        let records = json!({ "owner": "helm", "status": "deployed" });
        assert!(
            !chooses(&template["labelSelector"], &records),
            "Helm's records"
        );
        assert_eq!(values["snapshotsEnabled"], false);
    });
}

#[test]
fn velero_may_not_start_pods_or_grant_rights() {
    each_environment(|environment| {
        let values = merged_values(environment, "velero");
        let role = &values["extraObjects"][0];
        let name = &values["rbac"]["clusterAdministratorName"];
        assert_eq!(
            [&role["kind"], &role["metadata"]["name"]],
            [&json!("ClusterRole"), name]
        );
        for rule in role["rules"].as_array().expect("rules") {
            let reads = rule["verbs"] == json!(["get", "list", "watch"]);
            let own = rule["apiGroups"] == json!(["velero.io"]);
            let restores = rule["apiGroups"] == json!([""])
                && (rule["resources"] == json!(["secrets"])
                    || rule["resources"] == json!(["namespaces"]));
            assert!(reads || own || restores, "{rule}");
        }
    });
}

/// The key of the class in each chart.
const PRIORITY: [(&str, &str); 6] = [
    ("envoy-gateway", "/deployment/priorityClassName"),
    ("cert-manager", "/global/priorityClassName"),
    ("external-dns", "/priorityClassName"),
    ("cloudnative-pg", "/priorityClassName"),
    ("barman-cloud", "/priorityClassName"),
    ("velero", "/priorityClassName"),
];

#[test]
fn operators_and_proxies_have_the_platform_priority() {
    each_environment(|environment| {
        for (release, pointer) in PRIORITY {
            let values = merged_values(environment, release);
            let class = values.pointer(pointer).unwrap_or(&Value::Null);
            assert_eq!(class, "platform", "{release}");
        }
    });
    for rendered in all() {
        rendered.one("PriorityClass", "", "platform");
        let proxy = rendered.one("EnvoyProxy", "gateway", "main");
        let pod = &proxy.spec()["provider"]["kubernetes"]["envoyDeployment"]["pod"];
        assert_eq!(pod["priorityClassName"], "platform");
    }
}

/// A release, its key for the number of pods, and its key for their spread.
const REPLICATED: [(&str, &str, &str); 4] = [
    (
        "envoy-gateway",
        "/deployment/replicas",
        "/deployment/pod/topologySpreadConstraints",
    ),
    (
        "cert-manager",
        "/replicaCount",
        "/topologySpreadConstraints",
    ),
    (
        "cert-manager",
        "/webhook/replicaCount",
        "/webhook/topologySpreadConstraints",
    ),
    (
        "cloudnative-pg",
        "/replicaCount",
        "/topologySpreadConstraints",
    ),
];

#[test]
fn controllers_with_two_replicas_are_spread_over_nodes() {
    each_environment(|environment| {
        for (release, replicas, spread) in REPLICATED {
            let values = merged_values(environment, release);
            assert_eq!(values.pointer(replicas), Some(&json!(2)), "{release}");
            let spread = values.pointer(spread).unwrap_or(&Value::Null);
            assert_eq!(
                spread[0]["topologyKey"], "kubernetes.io/hostname",
                "{release}"
            );
            assert!(
                spread[0]["labelSelector"]["matchLabels"].is_object(),
                "{release}"
            );
        }
    });
}

#[test]
fn a_budget_keeps_one_controller_of_two() {
    each_environment(|environment| {
        let envoy = merged_values(environment, "envoy-gateway");
        assert_eq!(envoy["podDisruptionBudget"], json!({ "minAvailable": 1 }));
        let cert_manager = merged_values(environment, "cert-manager");
        // The chart's default is 1.
        let enabled = json!({ "enabled": true });
        assert_eq!(cert_manager["podDisruptionBudget"], enabled);
        assert_eq!(cert_manager["webhook"]["podDisruptionBudget"], enabled);
    });
}
