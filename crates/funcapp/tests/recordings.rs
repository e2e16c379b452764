//! This crate's judgement beside that of the real Functions host (4.1037), as it was recorded.

use std::collections::{BTreeMap, BTreeSet};

use funcapp::{App, Schedule, Settings};
use jiff::Timestamp;
use serde_json::{Value, json};

const CONFIGURATIONS: &str = include_str!("recordings/configurations.jsonl");
const SCHEDULES: &str = include_str!("recordings/schedules.jsonl");

/// Configurations that this crate judges in another way, and why.
const OTHER_CONFIGURATIONS: [(&str, &str); 4] = [
    ("storage-missing-monitor", STORAGE),
    ("storage-unreachable", STORAGE),
    ("storage-unreachable-60s", STORAGE),
    (
        "working-directory",
        "The folder is missing. Newer hosts make it; 4.1037 never starts the handler.",
    ),
];
const STORAGE: &str = "Whether storage can be reached is not in the app's files.";

/// Schedules that this crate reads in another way, and why.
const OTHER_SCHEDULES: [(&str, &str); 4] = [
    ("0", NO_PAUSE),
    ("-00:05:00", NO_PAUSE),
    ("-1.00:00:00", NO_PAUSE),
    ("00:00:00.00000001", NO_PAUSE),
];
const NO_PAUSE: &str = "The host runs such a timer without a pause. Here it is an error.";

fn lines(text: &str) -> impl Iterator<Item = Value> {
    text.lines()
        .map(|line| serde_json::from_str(line).expect("a line of JSON"))
}

fn text(value: &Value) -> &str {
    value.as_str().expect("a string")
}

/// Compares each case with its recording. `known` contains exactly the cases that differ.
fn compare<'a>(known: &[(&str, &str)], cases: impl Iterator<Item = (String, Value, Value)> + 'a) {
    let mut known: BTreeSet<&str> = known.iter().map(|(name, _)| *name).collect();
    let mut unlisted = Vec::new();
    for (name, recorded, here) in cases {
        if recorded != here && !known.remove(name.as_str()) {
            unlisted.push(format!(
                "{name}\n    recorded {recorded}\n    here     {here}"
            ));
        }
    }
    assert!(
        unlisted.is_empty(),
        "unlisted differences:\n{}",
        unlisted.join("\n")
    );
    assert!(known.is_empty(), "no longer different: {known:?}");
}

#[test]
fn configurations_are_judged_as_by_the_host() {
    let cases = lines(CONFIGURATIONS).map(|case| {
        let name = text(&case["name"]).to_owned();
        let here = judge(&case);
        (name, case["outcome"].clone(), here)
    });
    compare(&OTHER_CONFIGURATIONS, cases);
}

/// `stops`, or for each function whether it `runs`, is `off`, or is in `error`.
fn judge(case: &Value) -> Value {
    let functions = case["functions"].as_object().expect("functions");
    let files = functions
        .iter()
        .map(|(name, file)| (format!("{name}/function.json"), text(file).to_owned()));
    let host = case["host_json"]
        .as_str()
        .map(|host| ("host.json".to_owned(), host.to_owned()));
    let env = case["env"].as_object().expect("variables");
    let settings =
        Settings::default().overlaid(env.iter().map(|(name, value)| (name, text(value))));
    let Ok(app) = App::from_files(files.chain(host), &settings) else {
        return json!("stops");
    };
    let mut outcome = BTreeMap::new();
    for function in &app.functions {
        outcome.insert(function.name.to_string(), "off");
    }
    for function in app.active(&settings) {
        outcome.insert(function.name.to_string(), "runs");
    }
    for fault in app.faults(&settings) {
        outcome.insert(fault.function, "error");
    }
    json!(outcome)
}

#[test]
fn schedules_fire_as_on_the_host() {
    let cases = lines(SCHEDULES).map(|case| {
        let expression = text(&case["expression"]);
        let here = occurrences(expression, &case);
        (expression.to_owned(), recorded(&case["host"]), here)
    });
    compare(&OTHER_SCHEDULES, cases);
}

/// The host's next occurrences, whether it takes the schedule to be sub-minute; `null` if invalid.
fn recorded(host: &Value) -> Value {
    if host["kind"] == "invalid" {
        return Value::Null;
    }
    let instants = host["next"]
        .as_array()
        .expect("occurrences")
        .iter()
        .map(text);
    // The host's word for never.
    let instants = instants.filter(|next| !next.starts_with("9999"));
    let instants = instants.map(|next| format!("{next}Z").parse::<Timestamp>());
    let instants: Vec<Timestamp> = instants.filter_map(Result::ok).collect();
    json!({"next": instants, "sub": host["sub"]})
}

fn occurrences(expression: &str, case: &Value) -> Value {
    let Ok(schedule) = Schedule::parse(expression) else {
        return Value::Null;
    };
    let from: Timestamp = text(&case["from"]).parse().expect("an instant");
    let count = case["host"]["next"].as_array().map_or(0, Vec::len);
    json!({"next": schedule.upcoming(from, count), "sub": schedule.is_sub_minute()})
}
