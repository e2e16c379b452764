//! Every manifest matches a schema: Kubernetes' own kinds its published ones, those of Envoy Gateway the contracts in
//! `infra/tests/crds`, and other custom resources the types on crates.io. Schemas on npm state the bounds and patterns of
//! Gateway API and cert-manager too.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use infra_tests::{checkout, fetched_folder, fetched_program, program};
use serde_json::{Value, json};

use crate::helm::scratch;
use crate::rendered::{Object, all};
use crate::strict::validate;
use crate::types;

/// The oldest and the newest version that the operators of our databases support.
const KUBERNETES: [&str; 2] = ["1.34", "1.36"];

/// The source of a kind's schema.
#[derive(PartialEq)]
enum Checker {
    Kubernetes,
    Types,
    Contract,
}

impl Checker {
    fn of(object: &Object) -> Checker {
        let version = object.value["apiVersion"].as_str().unwrap_or_default();
        match version.split_once('/').map_or("", |(group, _)| group) {
            ""
            | "apps"
            | "batch"
            | "policy"
            | "networking.k8s.io"
            | "rbac.authorization.k8s.io"
            | "scheduling.k8s.io" => Checker::Kubernetes,
            "gateway.envoyproxy.io" => Checker::Contract,
            _ => Checker::Types,
        }
    }
}

fn checked_by(checker: &Checker) -> Vec<&'static Object> {
    let objects = all().iter().flat_map(|rendered| &rendered.objects);
    objects
        .filter(|object| Checker::of(object) == *checker)
        .collect()
}

#[test]
fn kubernetes_knows_every_field_of_its_kinds() {
    let objects = checked_by(&Checker::Kubernetes);
    assert!(!objects.is_empty());
    for version in KUBERNETES {
        kubernetes_validate(version, objects.iter().map(|object| &object.value)).unwrap();
    }
}

#[test]
fn a_field_unknown_to_kubernetes_is_rejected() {
    let service = json!({ "apiVersion": "v1", "kind": "Service", "metadata": { "name": "x" }, "spec": { "port": [] } });
    let message = kubernetes_validate(KUBERNETES[0], [&service].into_iter()).unwrap_err();
    assert!(message.contains("port"), "{message}");
}

fn kubernetes_validate<'a>(
    version: &str,
    documents: impl Iterator<Item = &'a Value>,
) -> Result<(), String> {
    let folder = scratch();
    let file = folder.path().join("documents.yaml");
    let texts: Vec<String> = documents
        .map(|document| format!("---\n{document}\n"))
        .collect();
    fs::write(&file, texts.concat()).expect("a scratch folder can be written to");
    let mut validate = Command::new(fetched_program("KUBERNETES_VALIDATE"));
    validate
        .args([
            "--strict",
            "--no-warn",
            "--quiet",
            "--kubernetes-version",
            version,
        ])
        .arg(&file)
        .stderr(Stdio::piped());
    let output = validate
        .output()
        .expect("kubernetes-validate can be started");
    let message = [output.stdout, output.stderr].concat();
    output
        .status
        .success()
        .then_some(())
        .ok_or_else(|| String::from_utf8_lossy(&message).into_owned())
}

#[test]
fn values_of_gateway_api_and_cert_manager_are_valid() {
    let documents: Vec<&Value> = all()
        .iter()
        .flat_map(|rendered| &rendered.objects)
        .map(|object| &object.value)
        .filter(|document| {
            let version = document["apiVersion"].as_str().unwrap_or_default();
            ["gateway.networking.k8s.io/", "cert-manager.io/"]
                .iter()
                .any(|group| version.starts_with(group))
        })
        .collect();
    assert!(!documents.is_empty());
    assert_eq!(problems_of_models(&json!(documents)), "");
}

#[test]
fn a_field_unknown_to_gateway_api_is_named() {
    let route = |spec: Value| json!({ "apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute", "metadata": { "name": "x" }, "spec": spec });
    let unknown = route(json!({ "hostname": ["example.org"] }));
    let schemas = types::schemas();
    let schema = &schemas[&key(&unknown)];
    let message = validate(schema, &unknown).unwrap_err();
    assert!(message.contains("hostname"), "{message}");
    let wrong = route(json!({ "hostnames": "example.org" }));
    let message = problems_of_models(&json!([wrong]));
    assert!(message.contains("hostnames"), "{message}");
    validate(schema, &wrong).unwrap_err();
}

/// The problems, a line each.
fn problems_of_models(documents: &Value) -> String {
    let mut node = Command::new(program("NODE", "node"));
    node.arg(crds().join("validate.mjs"))
        .arg(fetched_folder("KUBERNETES_MODELS"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut running = node.spawn().expect("Node.js can be started");
    let mut input = running.stdin.take().expect("its input is piped");
    input
        .write_all(documents.to_string().as_bytes())
        .expect("it reads its input");
    drop(input);
    let output = running.wait_with_output().expect("it ends");
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{errors}");
    String::from_utf8(output.stdout).expect("it writes UTF-8")
}

#[test]
fn custom_resources_match_the_types_of_their_operators() {
    let schemas = types::schemas();
    let objects = checked_by(&Checker::Types);
    let mut kinds = BTreeSet::new();
    for object in objects {
        let key = key(&object.value);
        let schema = schemas.get(&key);
        let schema = schema.unwrap_or_else(|| panic!("no crate defines {key:?}"));
        validate(schema, &object.value)
            .unwrap_or_else(|problem| panic!("{}: {problem}", object.shown()));
        let mut mistyped = object.value.clone();
        mistyped["spec"]["mistyped"] = true.into();
        assert!(validate(schema, &mistyped).is_err(), "{key:?} is open");
        kinds.insert(object.kind());
    }
    let expected = [
        "Certificate",
        "Cluster",
        "ClusterIssuer",
        "Gateway",
        "GatewayClass",
        "HTTPRoute",
        "ObjectStore",
        "ScheduledBackup",
        "SecretProviderClass",
    ];
    assert_eq!(kinds, expected.into());
}

/// `apiVersion` and kind.
fn key(document: &Value) -> (String, String) {
    ["apiVersion", "kind"]
        .map(|key| document[key].as_str().unwrap_or_default().to_owned())
        .into()
}

#[test]
fn other_custom_resources_match_their_contracts() {
    let objects = checked_by(&Checker::Contract);
    assert!(!objects.is_empty());
    for object in objects {
        if let Err(problem) = matches_contract(&object.value) {
            panic!("{}: {problem}", object.shown());
        }
    }
}

#[test]
fn a_contract_rejects_unknown_members() {
    let proxies = all()[0].kind("EnvoyProxy").next();
    let mut proxy = proxies.expect("the gateway has one").value.clone();
    matches_contract(&proxy).unwrap();
    proxy["spec"]["provider"]["kubernetes"]["replicas"] = 2.into();
    matches_contract(&proxy).unwrap_err();
}

fn matches_contract(document: &Value) -> Result<(), String> {
    let [version, kind] =
        ["apiVersion", "kind"].map(|key| document[key].as_str().unwrap_or_default());
    let contract = crds().join(format!("{}_{kind}.json", version.replace('/', "_")));
    let text = fs::read_to_string(&contract)
        .map_err(|error| format!("{}: {error}", contract.display()))?;
    let schema = serde_json::from_str(&text).expect("a contract is JSON");
    validate(&schema, document)
}

fn crds() -> PathBuf {
    checkout().join("infra/tests/crds")
}

#[test]
fn every_contract_is_used() {
    let objects = checked_by(&Checker::Contract);
    for entry in fs::read_dir(crds()).unwrap() {
        let path = entry.unwrap().path();
        let Some(name) = path
            .file_name()
            .and_then(|name| name.to_str()?.strip_suffix(".json"))
        else {
            continue;
        };
        let is_of = |object: &&&Object| {
            let version = object.value["apiVersion"].as_str().unwrap_or_default();
            format!("{}_{}", version.replace('/', "_"), object.kind()) == name
        };
        assert!(objects.iter().find(is_of).is_some(), "{name}");
    }
}
