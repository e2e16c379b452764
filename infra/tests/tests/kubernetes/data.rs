//! Databases and caches: each version's own, backed up outside of the cluster, and closed to other clients.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::helmfile::Environment;
use crate::rendered::{Object, Rendered, all};

/// An environment in which every version's database has these values too.
fn with_postgres(values: Value) -> Result<Rendered, String> {
    let mut environment = Environment::load("test");
    environment.values["postfacto"]["postgres"] = values;
    let state = environment.state()?;
    let databases = state
        .releases
        .into_iter()
        .filter(|release| release.chart == "./charts/postgres");
    Ok(Rendered::of(&environment, &databases.collect::<Vec<_>>()))
}

#[test]
fn each_version_has_its_own_database_and_cache() {
    for rendered in all() {
        let apps: Vec<&str> = rendered
            .kind("Deployment")
            .filter(|object| object.name() == "postfacto")
            .map(Object::namespace)
            .collect();
        assert_eq!(apps.len(), rendered.kind("Cluster").count());
        for namespace in apps {
            rendered.one("Cluster", namespace, "postgres");
            rendered.one("Deployment", namespace, "valkey");
            // A pod can read only Secrets of its namespace, and so none of another version.
            let secret = rendered.one("Secret", namespace, "valkey");
            let url = secret.value["stringData"]["REDIS_URL"]
                .as_str()
                .unwrap_or_default();
            let host = format!("@valkey.{namespace}.svc.cluster.local:6379");
            assert!(
                url.starts_with("redis://:") && url.ends_with(&host),
                "{namespace}"
            );
        }
    }
}

#[test]
fn each_database_has_its_own_folder_in_blob() {
    for rendered in all() {
        let mut paths = BTreeSet::new();
        for store in rendered.kind("ObjectStore") {
            let configuration = &store.spec()["configuration"];
            let path = configuration["destinationPath"]
                .as_str()
                .expect("a path")
                .to_owned();
            assert_eq!(
                path,
                format!(
                    "https://examplebackups.blob.core.windows.net/example-barman/{}",
                    store.namespace()
                )
            );
            paths.insert(path);
            let cluster = rendered
                .one("Cluster", store.namespace(), "postgres")
                .spec();
            let plugin = &cluster["plugins"][0];
            assert_eq!(plugin["isWALArchiver"], true);
            assert_eq!(plugin["parameters"]["barmanObjectName"], store.name());
            assert_eq!(
                cluster["inheritedMetadata"]["labels"]["azure.workload.identity/use"],
                "true"
            );
            let account = &cluster["serviceAccountTemplate"]["metadata"]["annotations"];
            assert_eq!(
                account["azure.workload.identity/client-id"],
                "00000000-0000-0000-0000-00000000c004"
            );
            let schedule = rendered
                .one("ScheduledBackup", store.namespace(), "postgres")
                .spec();
            assert_eq!(
                [&schedule["method"], &schedule["cluster"]["name"]],
                ["plugin", "postgres"]
            );
        }
        assert_eq!(paths.len(), rendered.kind("Cluster").count());
    }
}

#[test]
fn helm_keeps_data_and_secrets() {
    let keeps =
        |value: &Value| value["metadata"]["annotations"]["helm.sh/resource-policy"] == "keep";
    for rendered in all() {
        for kind in ["Namespace", "Cluster", "Secret"] {
            for object in rendered.kind(kind) {
                assert!(keeps(&object.value), "{}", object.shown());
            }
        }
    }
}

#[test]
fn connections_verify_the_servers_certificate() {
    for rendered in all() {
        for cluster in rendered.kind("Cluster") {
            assert_eq!(
                cluster.spec()["postgresql"]["pg_hba"],
                json!(["hostnossl all all all reject"])
            );
            assert_eq!(cluster.spec()["enableSuperuserAccess"], false);
            let settings = &rendered
                .one("ConfigMap", cluster.namespace(), "postfacto")
                .value["data"];
            assert_eq!(
                [&settings["PGSSLMODE"], &settings["PGSSLROOTCERT"]],
                ["verify-full", "/etc/postgres/ca.crt"]
            );
        }
    }
}

#[test]
fn the_internal_endpoint_admits_only_the_backup_function() {
    for rendered in all() {
        for cluster in rendered.kind("Cluster") {
            let managed = &cluster.spec()["managed"];
            let service = &managed["services"]["additional"][0];
            let template = &service["serviceTemplate"];
            let annotations = &template["metadata"]["annotations"];
            assert_eq!(
                annotations["service.beta.kubernetes.io/azure-load-balancer-internal"],
                "true"
            );
            assert_eq!(
                annotations["service.beta.kubernetes.io/azure-load-balancer-internal-subnet"],
                "snet-example-internal"
            );
            assert_eq!(
                template["spec"]["loadBalancerSourceRanges"],
                json!(["10.0.64.0/26"])
            );
            // Otherwise the policy, which compares the caller's address, would see a node's.
            assert_eq!(template["spec"]["externalTrafficPolicy"], "Local");
            assert_eq!(service["selectorType"], "rw");
            let host = format!("{}-postgres.example.org", cluster.namespace());
            assert_eq!(
                annotations["external-dns.alpha.kubernetes.io/hostname"],
                host
            );
            assert_eq!(
                cluster.spec()["certificates"]["serverAltDNSNames"],
                json!([host])
            );
            let role = &managed["roles"][0];
            assert_eq!(role["inRoles"], json!(["pg_read_all_data"]));
            assert!(role["superuser"].is_null() && role["createdb"].is_null());
            rendered.one(
                "Secret",
                cluster.namespace(),
                role["passwordSecret"]["name"].as_str().expect("a Secret"),
            );
        }
    }
}

#[test]
fn a_disabled_endpoint_has_no_objects() {
    let rendered = with_postgres(json!({ "internalEndpoint": { "enabled": false } })).unwrap();
    for cluster in rendered.kind("Cluster") {
        assert!(cluster.spec()["managed"].is_null());
        let policy = rendered.one("NetworkPolicy", cluster.namespace(), "postgres");
        let ingress = policy.spec()["ingress"].to_string();
        assert!(!ingress.contains("ipBlock"), "{ingress}");
    }
    let mut secrets = rendered.kind("Secret");
    assert!(secrets.all(|secret| secret.name() != "postgres-backup"));
}

/// The rule of the Barman plugin (`CollectSecretNamesFromCredentials`): an account may read the Secrets
/// that the store names, and every Secret of the namespace where it names none.
#[test]
fn database_pods_read_no_secret_of_the_app() {
    for rendered in all() {
        for store in rendered.kind("ObjectStore") {
            let credentials = &store.spec()["configuration"]["azureCredentials"];
            for unnamed in ["useDefaultAzureCredentials", "inheritFromAzureAD"] {
                assert!(credentials[unnamed].is_null(), "{unnamed}");
            }
            let references = credentials.as_object().into_iter().flatten();
            let readable = references.map(|(_, reference)| &reference["name"]);
            assert_eq!(readable.collect::<Vec<_>>(), ["postgres-archive"]);
            let archive = rendered.one("Secret", store.namespace(), "postgres-archive");
            let content = json!({ "storageAccount": "examplebackups" });
            assert_eq!(
                archive.value["stringData"], content,
                "an account's name is public"
            );
        }
    }
}

#[test]
fn a_restored_database_reads_one_folder_and_writes_another() {
    let values = json!({
        "barman": { "serverName": "postgres-2" },
        "recovery": { "serverName": "postgres", "targetTime": "2026-11-24T10:00:00Z" },
    });
    let rendered = with_postgres(values).unwrap();
    for cluster in rendered.kind("Cluster") {
        let spec = cluster.spec();
        assert_eq!(spec["plugins"][0]["parameters"]["serverName"], "postgres-2");
        assert_eq!(
            spec["externalClusters"][0]["plugin"]["parameters"]["serverName"],
            "postgres"
        );
        assert_eq!(
            spec["bootstrap"]["recovery"]["source"],
            spec["externalClusters"][0]["name"]
        );
        assert_eq!(
            spec["bootstrap"]["recovery"]["recoveryTarget"]["targetTime"],
            "2026-11-24T10:00:00Z"
        );
        assert!(spec["bootstrap"]["initdb"].is_null());
        // Under the first database's name the schedule would wait for the next night.
        let schedule = rendered.one("ScheduledBackup", cluster.namespace(), "postgres-2");
        assert_eq!(schedule.spec()["immediate"], true);
    }
}

/// A process forwards messages only to its own subscribers.
#[test]
fn each_version_has_one_cache_pod() {
    for rendered in all() {
        let caches = rendered
            .kind("Deployment")
            .filter(|it| it.name() == "valkey");
        for cache in caches {
            assert_eq!(cache.spec()["replicas"], 1);
            assert_eq!(cache.spec()["strategy"], json!({ "type": "Recreate" }));
        }
    }
}
