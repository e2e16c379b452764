//! The envelopes of timers' runs, and the meaning of replies, beside the recordings.

use std::{collections::BTreeMap, fs, time::Duration};

use devhost::{HostOptions, Source, TimerCall, TimerResult};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{
    case::{Got, Script, Step, bytes},
    message::find,
    stage::{Stage, app_of},
};
use crate::stage::header_names;

const REPLIES: &str = include_str!("replies.jsonl");
const REQUESTS: &str = include_str!("timers.jsonl");

/// Replies that mean something else to this host, and why.
const OTHER_REPLIES: [(&str, &str); 7] = [
    ("single-quotes", NEWTONSOFT),
    ("unquoted", NEWTONSOFT),
    ("nan", NEWTONSOFT),
    ("undefined", NEWTONSOFT),
    (
        "logs-twice",
        "Of two members with one name the last one counts here; the real host takes both.",
    ),
    (
        "302",
        "Redirects are not followed: a timer that redirects is a mistake of the handler.",
    ),
    ("307", "The same."),
];
const NEWTONSOFT: &str = "The real host's parser takes it for JSON. No serializer writes it.";

#[tokio::test(flavor = "multi_thread")]
async fn replies_mean_what_they_mean_to_the_real_host() {
    let timer = json!({"bindings": [trigger("0 0 0 31 2 *")]});
    let app = app_of("", &[("reply", timer)]);
    let options = HostOptions::new(app.path());
    let stage = Stage::with(app, options, Script::default()).await;
    let mut known: BTreeMap<&str, &str> = OTHER_REPLIES.into_iter().collect();
    for line in REPLIES.lines() {
        let case: Value = serde_json::from_str(line).expect("JSON");
        let name = case["case"].as_str().expect("a name");
        let recorded = (
            case["result"].as_str().expect("a result").to_owned(),
            logs(&case["logs"]),
        );
        let (result, logs) = reply(&stage, &case).await;
        let is_same = result == recorded.0
            && recorded
                .1
                .as_ref()
                .is_none_or(|recorded| logs.starts_with(recorded));
        if !is_same {
            assert!(
                known.remove(name).is_some(),
                "{name}: {result} {logs:?}, not {recorded:?}"
            );
        }
    }
    assert!(known.is_empty(), "no longer different: {known:?}");
}

fn logs(recorded: &Value) -> Option<Vec<String>> {
    let lines = recorded.as_array()?;
    Some(
        lines
            .iter()
            .map(|line| line.as_str().expect("a text").to_owned())
            .collect(),
    )
}

/// Runs the timer against the reply of `case`: the result, and the `Logs` that the host writes.
async fn reply(stage: &Stage, case: &Value) -> (String, Vec<String>) {
    let mut steps = vec![Step::Send(bytes(&case["reply"]))];
    match case["then"].as_str() {
        Some("reset") => steps = vec![Step::Reset],
        Some(_) => steps.push(Step::Close),
        None => {}
    }
    stage.recorder.play(Script {
        steps: Some(steps),
        ..Script::default()
    });
    let before = stage.host.logs().len();
    let result = stage.host.invoke_timer("reply", TimerCall::default()).await;
    let result = match result {
        TimerResult::Succeeded { .. } => "Succeeded",
        TimerResult::Failed { .. } => "Failed",
        TimerResult::Hang { .. } => "Hang",
    };
    let source = Source::User("reply".to_owned());
    let records = stage.host.logs().split_off(before);
    let logs = records.into_iter().filter(|log| log.source == source);
    // The recordings show a line break so.
    (
        result.to_owned(),
        logs.map(|log| log.text.replace('\n', " | ")).collect(),
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn runs_are_started_as_by_the_real_host() {
    let mut unmonitored = startup("0 0 0 1 1 *");
    unmonitored["useMonitor"] = json!(false);
    let app = app_of(
        "",
        &[
            ("boot", json!({"bindings": [startup("0 0 3 * * *")]})),
            ("yearly", json!({"bindings": [trigger("0 0 0 1 1 *")]})),
            ("s5", json!({"bindings": [trigger("*/5 * * * * *")]})),
            ("mon", json!({"bindings": [trigger("0 0 0 1 1 *")]})),
            (
                "Mixed-Case_1",
                json!({"bindings": [trigger("0 0 0 1 1 *")]}),
            ),
            ("nomon", json!({"bindings": [unmonitored]})),
        ],
    );
    missed(&app, "mon", "0 0 0 1 1 *");
    missed(&app, "Mixed-Case_1", "0 0 0 1 1 *");
    let options = HostOptions {
        timers: true,
        state: Some(app.path().join("state")),
        ..HostOptions::new(app.path())
    };
    let stage = Stage::with(app, options, Script::default()).await;
    matches(&stage, "boot", 0, "runOnStartup, never run before").await;
    matches(
        &stage,
        "mon",
        0,
        "past due after 130 s of the host being away",
    )
    .await;
    matches(
        &stage,
        "s5",
        0,
        "every 5 s: the monitor is off whatever useMonitor says",
    )
    .await;
    for (index, input, name) in [
        (0, r#"{"input":""}"#, "by hand, {\"input\":\"\"}, never run"),
        (1, r#"{"input":"hello"}"#, "by hand, {\"input\":\"hello\"}"),
        (2, "{}", "by hand, {} or {\"input\":null}"),
    ] {
        by_hand(&stage, "yearly", input).await;
        matches(&stage, "yearly", index, name).await;
    }
    let name = "past due, name in mixed case";
    matches(&stage, "Mixed-Case_1", 0, name).await;
    by_hand(&stage, "mon", r#"{"input":""}"#).await;
    matches(&stage, "mon", 1, "by hand between two occurrences").await;
    matches(&stage, "nomon", 0, "useMonitor false").await;
    by_hand(&stage, "nomon", r#"{"input":""}"#).await;
    matches(&stage, "nomon", 1, "by hand, no monitor").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn attempts_are_started_as_by_the_real_host() {
    let retry = |count: i32| json!({"strategy": "fixedDelay", "maxRetryCount": count, "delayInterval": "00:00:00.01"});
    let app = app_of(
        "",
        &[
            (
                "sched",
                json!({"bindings": [startup("0 0 3 * * *")], "retry": retry(2)}),
            ),
            (
                "forever",
                json!({"bindings": [trigger("0 0 3 * * *")], "retry": retry(-1)}),
            ),
        ],
    );
    let options = HostOptions {
        timers: true,
        ..HostOptions::new(app.path())
    };
    let failure = b"HTTP/1.1 500 X\r\nContent-Length: 0\r\n\r\n".to_vec();
    let script = Script {
        steps: Some(vec![Step::Send(failure)]),
        only_the_first: Some(1),
        ..Script::default()
    };
    let stage = Stage::with(app, options, script).await;
    let first = matches(&stage, "sched", 0, "retry policy: the first attempt").await;
    let second = matches(&stage, "sched", 1, "retry policy: the second attempt").await;
    assert_eq!(
        invocation(&first),
        invocation(&second),
        "attempts by the schedule share an id"
    );
    by_hand(&stage, "forever", r#"{"input":""}"#).await;
    matches(
        &stage,
        "forever",
        0,
        "retry policy without end: the first attempt",
    )
    .await;
}

fn trigger(schedule: &str) -> Value {
    json!({"type": "timerTrigger", "direction": "in", "name": "timer", "schedule": schedule})
}

fn startup(schedule: &str) -> Value {
    let mut trigger = trigger(schedule);
    trigger["runOnStartup"] = json!(true);
    trigger
}

/// Writes down that `function` ran once and missed its next run.
fn missed(app: &TempDir, function: &str, schedule: &str) {
    let state = app.path().join("state");
    fs::create_dir_all(&state).expect("a folder");
    let (last, next) = ("2020-01-01T00:00:00+00:00", "2021-01-01T00:00:00+00:00");
    let record = json!({"Last": last, "Next": next, "LastUpdated": last, "Schedule": schedule});
    fs::write(state.join(format!("{function}.json")), record.to_string()).expect("a record");
}

async fn by_hand(stage: &Stage, function: &str, body: &str) {
    let status = crate::stage::by_hand(stage.host.address(), function, body).await;
    assert_eq!(status.expect("a response"), 202);
}

/// Compares the request number `index` of `function` with the recorded one called `name`.
async fn matches(stage: &Stage, function: &str, index: usize, name: &str) -> Got {
    let path = format!("POST /{function} ");
    let request = async {
        loop {
            let all = stage.recorder.got();
            let mut own = all
                .iter()
                .filter(|got| got.is_whole && got.raw.starts_with(path.as_bytes()));
            if let Some(got) = own.nth(index) {
                return got.clone();
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    let request = tokio::time::timeout(Duration::from_secs(20), request).await;
    let request = request.unwrap_or_else(|_| panic!("no request for {name}"));
    let recorded = REQUESTS
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).expect("JSON"))
        .find(|line| line["name"] == name)
        .unwrap_or_else(|| panic!("nothing recorded is called {name}"));
    let (head, body) = split(&request.raw);
    let recorded_head = recorded["head"].as_str().expect("a head");
    assert_eq!(names(&head), names(recorded_head), "{name}");
    let recorded_body = recorded["body"].as_str().expect("a body");
    assert_eq!(shape(&body), shape(recorded_body), "{name}");
    request
}

/// The head and the body, out of its chunks.
fn split(raw: &[u8]) -> (String, String) {
    let end = find(raw, b"\r\n\r\n").expect("a whole head");
    let head = String::from_utf8_lossy(&raw[..end]).into_owned();
    let mut rest = &raw[end + 4..];
    let mut body = Vec::new();
    while let Some(line) = find(rest, b"\r\n") {
        let size = String::from_utf8_lossy(&rest[..line]).into_owned();
        let size = usize::from_str_radix(&size, 16).expect("a chunk's size");
        body.extend_from_slice(&rest[line + 2..][..size]);
        rest = &rest[line + 2 + size + 2..];
    }
    (head, String::from_utf8(body).expect("UTF-8"))
}

/// Sorted.
fn names(head: &str) -> Vec<String> {
    let mut names = header_names(head);
    names.sort();
    names
}

fn invocation(got: &Got) -> String {
    let head = split(&got.raw).0;
    let line = head
        .split("\r\n")
        .find_map(|line| line.strip_prefix("X-Azure-Functions-InvocationId: "));
    line.expect("an id").to_owned()
}

/// An envelope with words in place of what differs between any two runs.
fn shape(body: &str) -> Value {
    let mut value: Value = serde_json::from_str(body).expect("JSON");
    simplify(&mut value);
    let metadata = &mut value["Metadata"];
    metadata["sys"]["MethodName"] = json!("a name");
    metadata["sys"]["RandGuid"] = json!("a guid");
    if metadata["RetryContext"]["Exception"].is_object() {
        metadata["RetryContext"]["Exception"] = json!("an exception");
    }
    value
}

fn simplify(value: &mut Value) {
    match value {
        Value::Object(members) => members.values_mut().for_each(simplify),
        Value::String(text) if text.starts_with("0001-") => "never".clone_into(text),
        Value::String(text) if text.starts_with("20") && text.contains('T') => {
            "an instant".clone_into(text);
        }
        _ => {}
    }
}
