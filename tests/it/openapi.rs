//! `/openapi.json` describes exactly what is served.

use std::collections::BTreeSet;
use std::process::Command;

use magnusapi::app::HTTP_FUNCTIONS;
use reqwest::Method;
use serde_json::Value;

use crate::harness::{Answer, Database, Program, Start, run, with_program};

#[test]
fn every_route_and_method_that_is_served_is_described_and_no_other() {
    with_program(async |program: Program| {
        let document = program.get("/openapi.json").await.json();
        assert_eq!(document["openapi"], "3.1.0");
        assert_eq!(document["info"]["version"], env!("CARGO_PKG_VERSION"));
        let paths = document["paths"].as_object().expect("an object");
        let described: BTreeSet<&str> = paths.keys().map(String::as_str).collect();
        assert_eq!(described, served_paths());
        for (path, operations) in paths {
            let path = path.replace("{id}", "9000000000");
            let request = program.request(Method::OPTIONS, &path);
            let allow = Answer::to(request).await.header("allow").to_owned();
            let allowed: BTreeSet<String> = allow
                .split(", ")
                .filter(|method| *method != "HEAD")
                .map(str::to_lowercase)
                .collect();
            let operations = operations.as_object().expect("an object").keys();
            let described: BTreeSet<String> = operations
                .filter(|key| *key != "parameters")
                .cloned()
                .collect();
            assert_eq!(described, allowed, "{path}");
        }
    });
}

fn served_paths() -> BTreeSet<&'static str> {
    let routes = HTTP_FUNCTIONS.iter().map(|(_, route)| *route);
    routes
        .flat_map(|route| match route {
            "item/{id?}" => vec!["/item", "/item/{id}"],
            "health" => vec!["/health"],
            "health/live" => vec!["/health/live"],
            "openapi.json" => vec!["/openapi.json"],
            "scale/hold/{target?}" => vec!["/scale/hold", "/scale/hold/{target}"],
            "scale/plan" => vec!["/scale/plan"],
            other => panic!("{other} is new: say here which paths it serves"),
        })
        .collect()
}

#[test]
fn every_kind_of_problem_that_the_document_names_refers_to_one_schema() {
    let document: Value = serde_json::from_str(include_str!("../../src/server/openapi.json"))
        .expect("the document is JSON");
    let text = document.to_string();
    let mut references: BTreeSet<&str> = BTreeSet::new();
    for part in text.split("\"$ref\":\"#/").skip(1) {
        references.insert(part.split('"').next().expect("a split has a first part"));
    }
    for reference in references {
        let pointer = format!("/{reference}");
        assert!(
            document.pointer(&pointer).is_some(),
            "{reference} is not there"
        );
    }
}

const HOOKS: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/tests/it/schemathesis_hooks.py"
);

#[test]
fn schemathesis_finds_nothing() {
    let schemathesis = std::env::var_os("SCHEMATHESIS").expect(
        "SCHEMATHESIS names no program; run `cargo xtask test`, which installs it, or set it to an \
         `st` of your own",
    );
    run(async {
        let start = Start::handler().set("DATABASE_URL", &Database::migrated().url);
        let schedule = concat!(env!("CARGO_MANIFEST_DIR"), "/scale.toml");
        let program = start.set("SCALE_CONFIG", schedule).serving().await;
        for number in 0..5 {
            program.make(&format!("item {number}")).await;
        }
        // It leaves its cache where it runs.
        let folder = tempfile::tempdir().expect("a folder can be made");
        let output = tokio::task::spawn_blocking({
            let url = format!("{}/openapi.json", program.url);
            move || {
                Command::new(schemathesis)
                    .args(["run", &url, "--checks", "all", "--max-examples", "60"])
                    .args(["--phases", "examples,coverage,fuzzing,stateful"])
                    .env("SCHEMATHESIS_HOOKS", HOOKS)
                    .args(["--seed", "1", "--generation-database", "none", "--no-color"])
                    .current_dir(folder.path())
                    .output()
                    .expect("schemathesis runs")
            }
        })
        .await
        .expect("nothing panics there");
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{text}");
    });
}
