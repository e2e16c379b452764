//! Secrets are generated once, or come from Key Vault.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::cluster::Cluster;
use crate::helmfile::{Environment, namespace_of};
use crate::rendered::all;

/// The Secrets that the cluster generates: release, template, name, keys.
const GENERATED: [(&str, &str, &str, &[&str]); 3] = [
    (
        "postfacto-4-3-11",
        "secret.yaml",
        "postfacto",
        &["SECRET_KEY_BASE", "ADMIN_PASSWORD"],
    ),
    (
        "postfacto-4-3-11-valkey",
        "secret.yaml",
        "valkey",
        &["REDIS_URL", "users.acl"],
    ),
    (
        "postfacto-4-3-11-postgres",
        "backup-role.yaml",
        "postgres-backup",
        &["username", "password"],
    ),
];

#[test]
fn an_upgrade_keeps_secrets() {
    let environment = Environment::load("test");
    for (name, file, secret, keys) in GENERATED {
        let (release, values) = environment.release(name);
        let data: Value = keys
            .iter()
            .map(|key| ((*key).to_owned(), json!("b2xk")))
            .collect();
        let address = format!("{}/{secret}", release.namespace);
        let cluster = Cluster::with(BTreeMap::from([(address, data.clone())]));
        let written = cluster.upgraded(&release, &values, file);
        assert_eq!(written["metadata"]["name"], secret);
        assert_eq!(written["data"], data, "{name}");
        assert!(written["stringData"].is_null(), "{name}");
    }
}

#[test]
fn a_missing_secret_is_generated_randomly() {
    let empty = Cluster::with(BTreeMap::new());
    let environment = Environment::load("test");
    for (name, file, _, keys) in GENERATED {
        let (release, values) = environment.release(name);
        let [one, other] =
            [(); 2].map(|()| empty.upgraded(&release, &values, file)["stringData"].clone());
        for key in keys.iter().filter(|key| **key != "username") {
            assert!(one[key].is_string(), "{name}: {key}");
            assert_ne!(one[key], other[key], "{name}: {key}");
        }
    }
}

#[test]
fn generated_secrets_are_long_enough() {
    let secret = all()[0].one("Secret", "postfacto-4-3-11", "postfacto");
    let length = |key: &str| {
        secret.value["stringData"][key]
            .as_str()
            .unwrap_or_default()
            .len()
    };
    assert_eq!(length("SECRET_KEY_BASE"), 128);
    assert_eq!(length("ADMIN_PASSWORD"), 32);
}

/// In YAML an unquoted `#` after a space begins a comment, and would remove the user's password.
#[test]
fn the_cache_user_has_a_password_and_no_admin_rights() {
    let secret = all()[0].one("Secret", "postfacto-4-3-11", "valkey");
    let user = secret.value["stringData"]["users.acl"].as_str();
    let words: Vec<&str> = user.unwrap_or_default().split(' ').collect();
    let ["user", "default", "on", password, rights @ ..] = words.as_slice() else {
        panic!("{words:?}");
    };
    let hash = password.strip_prefix('#').unwrap_or_default();
    assert!(
        hash.len() == 64 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()),
        "{password}"
    );
    assert_eq!(rights, ["~*", "&*", "+@all", "-@admin", "-@dangerous"]);
}

#[test]
fn each_version_has_its_own_keys() {
    let secrets = all()[0]
        .kind("Secret")
        .filter(|secret| secret.name() == "postfacto");
    let keys: Vec<&Value> = secrets
        .map(|secret| &secret.value["stringData"]["SECRET_KEY_BASE"])
        .collect();
    let different: BTreeSet<String> = keys.iter().map(ToString::to_string).collect();
    assert!(keys.len() >= 2);
    assert_eq!(different.len(), keys.len());
}

#[test]
fn prod_reads_secrets_of_postfacto_from_key_vault() {
    let prod = all()
        .iter()
        .find(|rendered| rendered.environment == "prod")
        .expect("prod");
    assert!(
        prod.kind("Secret")
            .all(|secret| secret.name() != "postfacto")
    );
    for version in Environment::load("prod").versions() {
        let namespace = namespace_of(&version);
        let class = prod
            .one("SecretProviderClass", &namespace, "postfacto")
            .spec();
        assert_eq!(class["parameters"]["keyvaultName"], "kv-example");
        assert_eq!(
            class["parameters"]["clientID"],
            "00000000-0000-0000-0000-00000000c003"
        );
        let objects = class["parameters"]["objects"].as_str().expect("a list");
        let data = class["secretObjects"][0]["data"]
            .as_array()
            .expect("a list");
        assert_eq!(data.len(), 2);
        for entry in data {
            let name = entry["objectName"].as_str().expect("a name");
            assert!(
                name.starts_with(&namespace) && objects.contains(&format!("objectName: {name}\n")),
                "{name}"
            );
        }
        for pod in prod
            .pods()
            .filter(|pod| pod.owner.namespace() == namespace && pod.owner.name() != "valkey")
        {
            let volumes = pod.spec["volumes"].to_string();
            assert!(
                volumes.contains("secrets-store.csi.k8s.io"),
                "{}",
                pod.owner.shown()
            );
            for container in pod.containers() {
                let text = container.to_string();
                assert!(
                    text.contains("\"name\":\"postfacto-key-vault\"")
                        && text.contains("/etc/key-vault"),
                    "{}",
                    pod.owner.shown()
                );
            }
        }
    }
}

#[test]
fn secrets_are_only_in_secrets() {
    for rendered in all() {
        for object in rendered
            .objects
            .iter()
            .filter(|object| object.kind() != "Secret")
        {
            // The account's name is not a secret; the plugin reads names from Secrets only.
            let secrets = rendered.kind("Secret");
            for secret in secrets.filter(|secret| secret.name() != "postgres-archive") {
                for value in secret.value["stringData"]
                    .as_object()
                    .into_iter()
                    .flat_map(|data| data.values())
                {
                    let value = value.as_str().unwrap_or_default();
                    assert!(
                        value.len() < 8 || !object.value.to_string().contains(value),
                        "{}",
                        object.shown()
                    );
                }
            }
        }
    }
}
