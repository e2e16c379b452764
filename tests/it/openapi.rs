//! `/openapi.json` describes exactly the API of the program.

use std::collections::BTreeSet;
use std::process::Command;
use std::sync::LazyLock;

use magnusapi::app::HTTP_FUNCTIONS;
use magnusapi::item::ItemName;
use proptest::prelude::*;
use regex::Regex;
use reqwest::Method;
use serde_json::Value;

use crate::harness::{Database, Program, Response, Start, run, with_program};

#[test]
fn exactly_the_served_routes_and_methods_are_described() {
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
            let allow = Response::to(request).await.header("allow").to_owned();
            let allowed: BTreeSet<String> = allow
                .split(", ")
                .filter(|method| !["HEAD", "OPTIONS"].contains(method))
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
            "metrics" => vec!["/metrics"],
            "ops" => vec!["/ops"],
            "ops/action" => vec!["/ops/action"],
            "run-due" => vec!["/run-due"],
            "scale/hold/{target?}" => vec!["/scale/hold", "/scale/hold/{target}"],
            "scale/plan" => vec!["/scale/plan"],
            other => panic!("{other} is new: add its paths here"),
        })
        .collect()
}

#[test]
fn every_reference_has_a_target() {
    let document = document();
    let text = document.to_string();
    let mut references: BTreeSet<&str> = BTreeSet::new();
    for part in text.split("\"$ref\":\"#/").skip(1) {
        references.insert(part.split('"').next().expect("a split has a first part"));
    }
    for reference in references {
        let pointer = format!("/{reference}");
        assert!(
            document.pointer(&pointer).is_some(),
            "{reference} does not exist"
        );
    }
}

fn document() -> Value {
    serde_json::from_str(include_str!("../../src/server/openapi.json")).expect("it is JSON")
}

/// The patterns that every name matches.
static NAME: LazyLock<Vec<Regex>> = LazyLock::new(|| {
    let document = document();
    let name = &document["components"]["schemas"]["NewItem"]["properties"]["name"];
    let patterns = name["allOf"].as_array().expect("a list").iter();
    let patterns = patterns.map(|it| it["pattern"].as_str().expect("a text"));
    patterns
        .map(|it| Regex::new(it).expect("a pattern"))
        .collect()
});

#[track_caller]
fn assert_agreement_on(name: &str) {
    let is_accepted = !name.is_empty() && NAME.iter().all(|it| it.is_match(name));
    assert_eq!(is_accepted, ItemName::parse(name).is_ok(), "{name:?}");
}

#[test]
fn the_pattern_of_names_agrees_with_the_program_on_each_character() {
    // Planes 3 to 13 are not assigned.
    let characters = ('\0'..='\u{2FFFF}').chain('\u{DFFFF}'..='\u{E1000}');
    for letter in characters {
        let mut name = String::from(letter);
        assert_agreement_on(&name);
        name.insert(0, 'a');
        name.push('a');
        assert_agreement_on(&name);
    }
}

proptest! {
    #[test]
    fn the_pattern_of_names_agrees_with_the_program_on_texts(
        name in "[ \\n\u{85}\u{3000}]{0,3}[a🦀 \u{AD}\u{200B}\u{202D}\u{202E}\u{E0041}\\n]{0,4}[ \\t\u{2003}]{0,3}",
        length in 240_usize..260,
    ) {
        assert_agreement_on(&name);
        assert_agreement_on(&format!("{name}{}", "🦀".repeat(length)));
        assert_agreement_on(&format!("{}{name}", "é".repeat(length)));
    }
}

#[test]
fn examples_have_no_fixed_dates() {
    let mut dates = Vec::new();
    let date = Regex::new("[0-9]{4}-[0-9]{2}-[0-9]{2}").expect("a pattern");
    examples(&document(), &mut |example| {
        if date.is_match(&example.to_string()) {
            dates.push(example.clone());
        }
    });
    assert!(dates.is_empty(), "{dates:?}");
    // The body of a hold, which must end within seven days.
    let fixed = Regex::new("\"until\": \"[0-9]").expect("a pattern");
    for (file, text) in [
        ("api.md", include_str!("../../docs/api.md")),
        ("schedules.md", include_str!("../../docs/schedules.md")),
    ] {
        assert!(!fixed.is_match(text), "{file} has a hold with a fixed end");
    }
}

fn examples(value: &Value, found: &mut impl FnMut(&Value)) {
    match value {
        Value::Array(values) => values.iter().for_each(|value| examples(value, found)),
        Value::Object(members) => {
            for (name, value) in members {
                if name == "example" || name == "examples" {
                    found(value);
                }
                examples(value, found);
            }
        }
        _ => {}
    }
}

const HOOKS: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/tests/it/schemathesis_hooks.py"
);

#[test]
fn schemathesis_finds_no_error() {
    let schemathesis = std::env::var_os("SCHEMATHESIS").expect(
        "SCHEMATHESIS is not set; run `cargo xtask test`, which installs it, or set it to the path of \
         `st`",
    );
    run(async {
        let start = Start::handler().set("DATABASE_URL", &Database::migrated().url);
        let schedule = concat!(env!("CARGO_MANIFEST_DIR"), "/scale.toml");
        let program = start.set("SCALE_CONFIG", schedule).serving().await;
        for number in 0..5 {
            program.make(&format!("item {number}")).await;
        }
        // It writes its cache into the working folder.
        let folder = tempfile::tempdir().expect("a folder can be made");
        let output = tokio::task::spawn_blocking({
            let url = format!("{}/openapi.json", program.url);
            move || {
                Command::new(schemathesis)
                    .args(["run", &url, "--checks", "all", "--max-examples", "60"])
                    // The Functions host checks keys, and there is no host here.
                    .args(["--exclude-checks", "ignored_auth"])
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
