//! The names that Terraform and Helmfile share.

use std::collections::BTreeSet;
use std::fs;

use serde_json::json;

use infra_tests::checkout;

use crate::helmfile::{
    ENVIRONMENTS, Environment, azure_sample, files_in, files_of, folder, namespace_of, parts, read,
};
use crate::rendered::all;

/// Outputs of Terraform for people and for its own checks.
const NOT_FOR_CHARTS: [&str; 3] = ["clusterName", "clusterResourceGroup", "nodeSubnetPrefix"];

fn templates() -> String {
    let mut text = parts()[1].clone();
    for path in files_in(&folder().join("values")) {
        text.push_str(&read(&path));
    }
    text
}

#[test]
fn every_output_of_terraform_is_used() {
    let text = templates();
    for name in azure_sample().as_object().unwrap().keys() {
        let used = text.contains(&format!(".Values.{name} "))
            || text.contains(&format!(".Values.{name})"));
        assert_eq!(used, !NOT_FOR_CHARTS.contains(&name.as_str()), "{name}");
    }
}

/// Each `.Values.<name>` has a value from Terraform or from the environment's own values.
#[test]
fn every_used_name_has_a_source() {
    let text = templates();
    let sample = azure_sample();
    let defaults: serde_json::Value =
        serde_saphyr::from_str(&fs::read_to_string(folder().join(&files_of("test")[0])).unwrap())
            .unwrap();
    for used in text.split(".Values.").skip(1) {
        let name: String = used
            .chars()
            .take_while(char::is_ascii_alphanumeric)
            .collect();
        assert!(
            sample.get(&name).is_some() || defaults.get(&name).is_some(),
            "{name}"
        );
    }
}

/// Terraform federates identities with exactly these service accounts.
#[test]
fn identities_are_federated_with_existing_accounts() {
    for rendered in all() {
        for version in Environment::load(&rendered.environment).versions() {
            let namespace = namespace_of(&version);
            rendered.one("ServiceAccount", &namespace, "postfacto");
            // Its account has the Cluster's name.
            rendered.one("Cluster", &namespace, "postgres");
        }
        let account = rendered.one("ServiceAccount", "magnusapi", "timers");
        assert_eq!(
            account.value["metadata"]["annotations"]["azure.workload.identity/client-id"],
            azure_sample()["appTimers"]["clientId"]
        );
        let terraform = read(&checkout().join("infra/terraform/environment/main.workloads.tf"));
        assert!(terraform.contains("\"system:serviceaccount:magnusapi:timers\""));
    }
}

/// A version without federated identities could not back its database up or read its secrets.
#[test]
fn terraform_and_helmfile_have_the_same_versions() {
    for name in ENVIRONMENTS {
        let run: BTreeSet<String> = Environment::load(name).versions().into_iter().collect();
        assert_eq!(versions_of_terraform(name), run, "{name}");
    }
}

/// Those of an environment's values, else the variable's default.
fn versions_of_terraform(environment: &str) -> BTreeSet<String> {
    let folder = checkout().join("infra/terraform/environment");
    let values = folder.join(format!("{environment}.tfvars"));
    let declarations = folder.join("variables.tf");
    let texts = [read(&values), read(&declarations)];
    let mut after = texts
        .iter()
        .filter_map(|text| text.split_once("postfacto_versions"));
    let (_, after) = after
        .next()
        .expect("variables.tf declares postfacto_versions");
    let (_, list) = after.split_once('[').expect("it is a list");
    let (list, _) = list.split_once(']').expect("a list ends");
    list.split('"')
        .skip(1)
        .step_by(2)
        .map(str::to_owned)
        .collect()
}

#[test]
fn external_dns_gets_its_file() {
    for rendered in all() {
        let file = rendered.one("ConfigMap", "external-dns", "external-dns-azure");
        let text = file.value["data"]["azure.json"].as_str().unwrap();
        let expected = json!({
            "tenantId": "00000000-0000-0000-0000-00000000b001",
            "subscriptionId": "00000000-0000-0000-0000-00000000a001",
            "resourceGroup": "rg-example-dns",
            "useWorkloadIdentityExtension": true,
        });
        assert_eq!(
            serde_json::from_str::<serde_json::Value>(text).unwrap(),
            expected
        );
    }
}
