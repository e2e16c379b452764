//! The charts of others: what they are told. They cannot be rendered here; how their values were held
//! against them is in `infra/helmfile/README.md`.

use serde_json::{Value, json};

use crate::helmfile::{ENVIRONMENTS, Environment, Release, namespace_of};

/// What a release is told, file after file put into one.
fn told(environment: &Environment, name: &str) -> Value {
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
fn each_says_what_it_may_take_unless_its_chart_does() {
    each_environment(|environment| {
        let state = environment
            .state()
            .unwrap_or_else(|error| panic!("{error}"));
        let is_told =
            |release: &&Release| release.own_chart().is_none() && release.name != "envoy-gateway";
        for release in state.releases.iter().filter(is_told) {
            let limit = told(environment, &release.name)["resources"]["limits"]["memory"].clone();
            assert!(limit.is_string(), "{}", release.name);
        }
    });
}

#[test]
fn external_dns_keeps_to_its_zone_and_to_its_own_records() {
    each_environment(|environment| {
        let values = told(environment, "external-dns");
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
        let values = told(environment, "cert-manager");
        assert_eq!(values["podLabels"][IDENTITY], "true");
        assert_eq!(values["crds"]["enabled"], true);
    });
}

#[test]
fn velero_stores_the_objects_of_every_version_and_no_volumes() {
    each_environment(|environment| {
        let values = told(environment, "velero");
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
        let others = ["default", "gateway"].map(str::to_owned);
        let expected: Vec<String> = others.into_iter().chain(of_versions).collect();
        assert_eq!(namespaces, &json!(expected));
        assert_eq!(values["snapshotsEnabled"], false);
    });
}
