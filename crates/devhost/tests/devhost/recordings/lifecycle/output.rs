//! Lines of the handler, and the records that the host makes of them.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use devhost::{Host, HostLog, Level, Source};
use serde_json::{Value, json};

use super::{Played, Scenario, clients::send};
use crate::stage::{Stage, ready, same, until, within};

/// The last line of a print: when its record is there, all earlier ones of the stream are.
const END: &str = "the end of the print";

/// Prints one row after the other, and compares the records of each.
pub(super) async fn rows(scenario: &Scenario) -> Played {
    let members = if scenario.name.ends_with("not-only-errors") {
        json!({"customHandler": {"description": {"useStdErrorStreamForErrorsOnly": false}}})
    } else {
        Value::Null
    };
    let stage = Stage::new(&members, &json!({"reply": {"/say": [{}]}})).http("say");
    let host = stage.start().await;
    ready(&host).await?;
    for row in scenario.outcome["rows"].as_array().expect("rows") {
        // Some rows are named after the line that they print.
        let case = row["case"].as_str().expect("a name");
        let named =
            json!([{"text": format!("{}\n", case.trim_start_matches("stderr ")), "err": 1}]);
        let printed = row.get("printed").unwrap_or(&named);
        let records = print(&host, printed).await?;
        let first = row["first"].as_array().expect("records");
        // An unfinished line comes with the next one, which ends it here.
        let unfinished = case == "no-newline";
        if let (Some(count), false) = (
            row["records"].as_u64(),
            unfinished || case == "then-newline",
        ) {
            same(&format!("{case}: records"), records.len(), &json!(count))?;
        }
        if unfinished || case == "then-newline" {
            continue;
        }
        for (record, recorded) in records.iter().zip(first) {
            let level = match record.level {
                Level::Information => "info",
                Level::Warning => "warn",
                _ => "fail",
            };
            same(&format!("{case}: level"), level, &recorded[0])?;
            let text = recorded[1].as_str().expect("a text");
            let shown = match text.split_once("... (") {
                Some((begin, _)) => record.text.starts_with(begin),
                None => record.text == text,
            };
            same(&format!("{case}: {:?}", record.text), shown, &json!(true))?;
        }
    }
    flood(&scenario.outcome).await
}

/// The records of what is printed.
async fn print(host: &Host, parts: &Value) -> Result<Vec<HostLog>, String> {
    let mut parts = parts.as_array().expect("parts").clone();
    let is_error = parts.iter().any(|part| !part["err"].is_null());
    let ends_a_line = parts.iter().rev().find_map(|part| part["text"].as_str());
    if ends_a_line == Some("no newline") {
        parts.push(json!({"text": "\n"}));
    }
    let mut end = json!({"text": format!("{END}\n")});
    if is_error {
        end["err"] = json!(1);
    }
    parts.push(end);
    let before = host.logs().len();
    let body = Value::Array(parts).to_string();
    let (got, _) = send(host.address(), "POST", "/say", Some(&body)).await;
    same("say", got.to_json(), &json!(200))?;
    let mut records = Vec::new();
    let done = || host.logs()[before..].iter().any(|log| log.text == END);
    until("the records", done).await?;
    records.extend(host.logs().split_off(before));
    records.retain(|log| log.source == Source::Console && log.text != END);
    Ok(records)
}

/// A hundred thousand lines at once.
async fn flood(recorded: &Value) -> Played {
    let recorded = &recorded["flood_10MB_100000_lines"]["records"];
    if recorded.is_null() {
        return Ok(());
    }
    let count = Arc::new(AtomicUsize::new(0));
    let stage = Stage::new(&Value::Null, &Value::Null).http("say");
    let counted = count.clone();
    let on_log = move |log: &HostLog| {
        if log.source == Source::Console {
            counted.fetch_add(1, Ordering::Relaxed);
        }
    };
    let start = stage.start_with(|options| options.on_log = Some(Arc::new(on_log)));
    let host = start.await;
    ready(&host).await?;
    let line = format!("{}\n", "x".repeat(99));
    let body = json!([{"fill": line, "n": 100_000}, {"text": "last\n"}]).to_string();
    let say = send(host.address(), "POST", "/say", Some(&body));
    let (got, _) = within("a response", say).await?;
    same("say", got.to_json(), &json!(200))?;
    let all = recorded.as_u64().and_then(|it| usize::try_from(it).ok());
    until("all records", || Some(count.load(Ordering::Relaxed)) >= all).await?;
    same("records", count.load(Ordering::Relaxed), recorded)
}

/// `logLevel` with `default: Warning` alone.
pub(super) async fn levels(scenario: &Scenario) -> Played {
    let print = json!([
        {"text": "stdout line\n"},
        {"text": "stderr line\n", "err": 1},
        {"text": "stderr warn line\n", "err": 1},
    ]);
    let reply = json!({"body": "{\"Logs\":[\"a log of the reply\"]}"});
    let stage = Stage::new(
        &json!({"logging": {"logLevel": {"default": "Warning"}}}),
        &json!({"start": {"print": print}, "reply": {"/boot": reply}}),
    );
    let stage = stage
        .http("hello")
        .timer("boot", "0 0 3 * * *", &json!({"runOnStartup": true}));
    let host = stage.start().await;
    until("the run", || !stage.requests("/boot").is_empty()).await?;
    let last = host.log(|log| log.text == "stderr warn line");
    within("the last line", last).await?;
    // A request behind the run: by its response, the records of the run have been made.
    send(host.address(), "GET", "/hello", None).await;
    for (text, is_there) in scenario.outcome.as_object().expect("texts") {
        let here = host.logs().iter().any(|log| log.text.starts_with(text));
        same(text, here, is_there)?;
    }
    Ok(())
}
