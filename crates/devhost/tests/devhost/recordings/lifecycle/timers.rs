//! Timers: by hand, by their schedules, tried again, and their records.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
};

use serde_json::{Value, json};

use super::{
    Played, Scenario,
    clients::{by_hand, send},
};
use crate::stage::{Stage, header_names, ready, same, until};

const YEARLY: &str = "0 0 0 1 1 *";
const NEVER: &str = "0001-01-01T00:00:00+00:00";

/// The members of an object, which are all texts.
fn texts(object: &Value) -> BTreeMap<String, String> {
    serde_json::from_value(object.clone()).expect("texts")
}

pub(super) async fn disabled(scenario: &Scenario) -> Played {
    let stage = Stage::new(&Value::Null, &Value::Null)
        .http("web")
        .http("hello")
        .timer("tick", "* * * * * *", &json!({}));
    let settings = texts(&scenario.setup);
    let host = stage.start_with(|options| options.settings.extend(settings));
    let host = host.await;
    ready(&host).await?;
    let recorded = &scenario.outcome;
    same(
        "by hand",
        by_hand(host.address(), "tick").await,
        &recorded["admin"],
    )?;
    until("the run", || !stage.requests("/tick").is_empty()).await?;
    same("runs", stage.requests("/tick").len(), &recorded["after"])?;
    let (web, _) = send(host.address(), "GET", "/web", None).await;
    same(
        "a disabled HTTP function",
        web.to_json(),
        &recorded["disabled_http"],
    )
}

/// A body with a length in place of chunks.
pub(super) async fn core_tools(scenario: &Scenario) -> Played {
    let stage = Stage::new(&Value::Null, &Value::Null);
    let stage = stage.timer("boot", YEARLY, &json!({"runOnStartup": true}));
    let settings = texts(&scenario.setup["env"]);
    let host = stage.start_with(|options| options.settings.extend(settings));
    let _host = host.await;
    until("the run", || !stage.requests("/boot").is_empty()).await?;
    let recorded = scenario.outcome["boot"][0].as_str().expect("a head");
    let recorded = recorded.split(" || ").next().unwrap_or_default();
    let boot = stage.requests("/boot").swap_remove(0);
    same(
        "headers",
        header_names(boot["head"].as_str().expect("a head")),
        &json!(header_names(recorded)),
    )
}

/// Whether `ScheduleStatus` is set, for each schedule.
pub(super) async fn sub_minute(scenario: &Scenario) -> Played {
    let schedules = scenario.setup["schedules"].as_object().expect("schedules");
    let stage = schedules.iter().fold(
        Stage::new(&Value::Null, &Value::Null),
        |stage, (name, schedule)| stage.timer(name, schedule.as_str().expect("a text"), &json!({})),
    );
    // Runs by hand: the schedule's own would take up to an hour.
    let host = stage.start_with(|options| options.timers = false).await;
    for name in schedules.keys() {
        by_hand(host.address(), name).await;
        let path = format!("/{name}");
        until("the run", || !stage.requests(&path).is_empty()).await?;
        let run = stage.requests(&path).swap_remove(0);
        let status = timer(&run)["ScheduleStatus"].clone();
        let word = if status.is_null() { "null" } else { "set" };
        same(name, word, &scenario.outcome["ScheduleStatus"][name][1])?;
    }
    Ok(())
}

/// `Data.timer` of a run.
fn timer(run: &Value) -> Value {
    let body = run["body"].as_str().expect("a body");
    let json = body.split("\r\n").find(|part| part.starts_with('{'));
    let mut body: Value = serde_json::from_str(json.expect("a chunk")).expect("JSON");
    body["Data"]["timer"].take()
}

/// A record of another schedule is not a missed run.
pub(super) async fn schedule_changed() -> Played {
    let stage = Stage::new(&Value::Null, &Value::Null).timer("t", "30 0 0 1 1 *", &json!({}));
    let (last, next) = ("2020-01-01T00:00:00+00:00", "2021-01-01T00:00:00+00:00");
    let record = json!({"Last": last, "Next": next, "LastUpdated": last, "Schedule": YEARLY});
    stage.write("state/t.json", &record.to_string());
    let folder = Some(stage.path("state"));
    let host = stage.start_with(|options| options.state = folder).await;
    let read = || fs::read_to_string(stage.path("state/t.json")).unwrap_or_default();
    until("a new record", || !read().contains("2021")).await?;
    by_hand(host.address(), "t").await;
    until("the run by hand", || !stage.requests("/t").is_empty()).await?;
    // The one run is not a late one, and nothing is known of a last run.
    let runs = stage.requests("/t");
    same("runs", runs.len(), &json!(1))?;
    let timer = timer(&runs[0]);
    same("past due", timer["IsPastDue"].clone(), &json!(false))?;
    same(
        "the last run",
        timer["ScheduleStatus"]["Last"].clone(),
        &json!(NEVER),
    )
}

/// A failed run is recorded like any other.
pub(super) async fn failed_run() -> Played {
    let orders = json!({"reply": {"/t": {"status": 500}}});
    let stage = Stage::new(&Value::Null, &orders);
    let stage = stage.timer("t", YEARLY, &json!({"runOnStartup": true}));
    let folder = Some(stage.path("state"));
    let _host = stage.start_with(|options| options.state = folder).await;
    let last = || {
        let text = fs::read(stage.path("state/t.json")).ok()?;
        let record: Value = serde_json::from_slice(&text).ok()?;
        record["Last"].as_str().map(str::to_owned)
    };
    until("the record", || last().is_some_and(|last| last != NEVER)).await
}

/// A run that outlasts its interval is followed by one at once; a run by hand comes beside it.
pub(super) async fn overlap(scenario: &Scenario) -> Played {
    let orders = json!({"reply": {"/slow": {"delay": 2.2}}});
    let stage = Stage::new(&Value::Null, &orders).timer("slow", "* * * * * *", &json!({}));
    let host = stage.start().await;
    let words = || {
        let logs = host.logs().into_iter();
        let words = logs.filter_map(|log| {
            let (word, rest) = log.text.split_once(' ')?;
            rest.starts_with("'Functions.slow'")
                .then(|| word.to_owned())
        });
        words.collect::<Vec<_>>()
    };
    until("two runs", || words().len() >= 3).await?;
    let one_by_one = json!(["Executing", "Executed", "Executing"]);
    same("runs by schedule", words()[..3].to_vec(), &one_by_one)?;
    let status = by_hand(host.address(), "slow").await;
    same(
        "by hand",
        status,
        &scenario.outcome["manual_slow2_while_running"][0],
    )?;
    let count = |word: &str| words().iter().filter(|it| *it == word).count();
    until("two at once", || {
        count("Executing") >= count("Executed") + 2
    })
    .await
}

/// Attempts by each policy, with short pauses.
pub(super) async fn retry(scenario: &Scenario) -> Played {
    let replies: BTreeMap<&str, Value> = ["fixed", "expo", "boot", "forever", "http"]
        .map(|name| (name, json!({"status": 500})))
        .into();
    let mut replies: serde_json::Map<String, Value> = replies
        .into_iter()
        .map(|(name, reply)| (format!("/{name}"), reply))
        .collect();
    let failed = json!({"status": 500});
    replies.insert("/heal".to_owned(), json!([failed, failed]));
    // The schedules of these two would take a minute.
    let functions = scenario.setup["functions"].as_object().expect("functions");
    let functions = functions
        .iter()
        .filter(|(name, _)| !matches!(name.as_str(), "sched" | "norm"));
    let mut stage = Stage::new(&Value::Null, &json!({"reply": replies}));
    for (name, function) in functions.clone() {
        let mut function = function.clone();
        for pause in ["delayInterval", "minimumInterval", "maximumInterval"] {
            if function["retry"][pause].is_string() {
                function["retry"][pause] = json!("00:00:00.02");
            }
        }
        stage = stage.function(name, &function);
    }
    let host = stage.start().await;
    ready(&host).await?;
    for (name, _) in functions.clone() {
        if name == "http" {
            send(host.address(), "GET", "/api/http", None).await;
            send(host.address(), "GET", "/http", None).await;
        } else if name != "boot" {
            by_hand(host.address(), name).await;
        }
    }
    for (name, _) in functions {
        let path = format!("/{name}");
        let recorded = scenario.outcome["requests"][name]
            .as_u64()
            .expect("a count");
        // The recording has the first three.
        let seen = || stage.requests(&path).len().min(3) as u64;
        until(name, || seen() == recorded).await?;
    }
    // Attempts by the schedule share an id, and attempts by hand do not.
    let attempts = stage.requests("/heal").len();
    same("ids by hand", ids(&stage, "/heal").len(), &json!(attempts))?;
    same("ids by the schedule", ids(&stage, "/boot").len(), &json!(1))
}

/// The invocation ids of the requests for `path`.
fn ids(stage: &Stage, path: &str) -> BTreeSet<String> {
    let heads = stage.requests(path).into_iter();
    let lines = heads.flat_map(|it| {
        let head = it["head"].as_str().expect("a head").to_owned();
        head.lines().map(str::to_owned).collect::<Vec<_>>()
    });
    lines
        .filter(|line| line.starts_with("X-Azure-Functions-InvocationId: "))
        .collect()
}

/// A handler that exits with 0 after its first response.
pub(super) async fn exit_0(scenario: &Scenario) -> Played {
    let orders = json!({"reply": {"/hello": [{"exit_after": 0}]}});
    let stage = Stage::new(&Value::Null, &orders).http("hello");
    let host = stage.start().await;
    let (first, _) = send(host.address(), "GET", "/hello", None).await;
    same("first", first.to_json(), &scenario.outcome["first"])?;
    until("the next handler", || stage.lives() == 2).await?;
    let (later, _) = send(host.address(), "GET", "/hello", None).await;
    same("later", later.to_json(), &scenario.outcome["later"][0])
}
