//! Every manifest against a schema: Kubernetes' own kinds strictly against its published ones, those of
//! Gateway API and cert-manager against what npm carries, the others against `infra/tests/crds`.

use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use boon::{Compiler, Schemas};
use infra_tests::{checkout, fetched_folder, fetched_program, program};
use serde_json::{Value, json};

use crate::helm::scratch;
use crate::rendered::{Object, all};

/// The oldest and the newest version that the operators of our databases support.
const KUBERNETES: [&str; 2] = ["1.34", "1.36"];

/// What is checked against which schema.
#[derive(PartialEq)]
enum Checker {
    Kubernetes,
    Models,
    Contract,
}

impl Checker {
    fn of(object: &Object) -> Checker {
        let version = object.value["apiVersion"].as_str().unwrap_or_default();
        match version.split_once('/').map_or("", |(group, _)| group) {
            "gateway.networking.k8s.io" | "cert-manager.io" => Checker::Models,
            ""
            | "apps"
            | "batch"
            | "policy"
            | "networking.k8s.io"
            | "rbac.authorization.k8s.io"
            | "scheduling.k8s.io" => Checker::Kubernetes,
            _ => Checker::Contract,
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
fn a_field_that_kubernetes_does_not_know_is_refused() {
    let service = json!({ "apiVersion": "v1", "kind": "Service", "metadata": { "name": "x" }, "spec": { "port": [] } });
    let said = kubernetes_validate(KUBERNETES[0], [&service].into_iter()).unwrap_err();
    assert!(said.contains("port"), "{said}");
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
    let said = [output.stdout, output.stderr].concat();
    output
        .status
        .success()
        .then_some(())
        .ok_or_else(|| String::from_utf8_lossy(&said).into_owned())
}

#[test]
fn gateway_api_and_cert_manager_know_every_field_of_theirs() {
    let objects = checked_by(&Checker::Models);
    assert!(!objects.is_empty());
    let documents: Vec<&Value> = objects.iter().map(|object| &object.value).collect();
    assert_eq!(models_say(&json!(documents)), "");
}

#[test]
fn a_field_that_gateway_api_does_not_know_is_named() {
    let route = |spec: Value| json!({ "apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute", "metadata": { "name": "x" }, "spec": spec });
    let said = models_say(&json!([route(json!({ "hostname": ["example.org"] }))]));
    assert_eq!(said, "HTTPRoute x: the schema knows no /spec/hostname\n");
    let said = models_say(&json!([route(json!({ "hostnames": "example.org" }))]));
    assert!(said.contains("hostnames"), "{said}");
}

/// The problems, a line each.
fn models_say(documents: &Value) -> String {
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
fn other_custom_resources_keep_their_contracts() {
    let objects = checked_by(&Checker::Contract);
    assert!(!objects.is_empty());
    for object in objects {
        if let Err(problem) = keeps_contract(&object.value) {
            panic!("{}: {problem}", object.shown());
        }
    }
}

#[test]
fn a_contract_refuses_what_it_does_not_know() {
    let mut store = all()[0]
        .kind("ObjectStore")
        .next()
        .expect("an ObjectStore")
        .value
        .clone();
    keeps_contract(&store).unwrap();
    store["spec"]["retention"] = "30d".into();
    keeps_contract(&store).unwrap_err();
}

fn keeps_contract(document: &Value) -> Result<(), String> {
    let [version, kind] =
        ["apiVersion", "kind"].map(|key| document[key].as_str().unwrap_or_default());
    let contract = crds().join(format!("{}_{kind}.json", version.replace('/', "_")));
    let mut schemas = Schemas::new();
    let compiled = Compiler::new().compile(&contract.to_string_lossy(), &mut schemas);
    let schema = compiled.map_err(|error| format!("{}: {error}", contract.display()))?;
    schemas
        .validate(document, schema)
        .map_err(|error| error.to_string())
}

fn crds() -> PathBuf {
    checkout().join("infra/tests/crds")
}

/// A contract that nothing is held against is no contract.
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
