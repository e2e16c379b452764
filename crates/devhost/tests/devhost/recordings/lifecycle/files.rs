//! Files that change while the host runs.

use std::{fs, os::unix::fs::symlink, path::Path};

use devhost::Host;
use serde_json::{Value, json};

use super::{
    Played, Scenario,
    clients::{Clients, recorded_words, send},
};
use crate::stage::{Stage, ready, same, until, within};

/// Requests after the change: a restart has happened by then.
const LEAST: usize = 10;

pub(super) async fn play(scenario: &Scenario) -> Played {
    let stage = Stage::new(
        &json!({"customHandler": {"description": {"defaultExecutablePath": "handler"}}}),
        &Value::Null,
    );
    let stage = stage.http("hello");
    link(&stage);
    let start = stage.start_with(|options| {
        options.watch_files = true;
        let environment = "AZURE_FUNCTIONS_ENVIRONMENT";
        if let Some(value) = scenario.setup[environment].as_str() {
            options.environment.remove(environment);
            if value != "not set" {
                options.settings.insert(environment.into(), value.into());
            }
        }
    });
    let host = start.await;
    ready(&host).await?;
    let (port, process) = (host.handler_port(), host.handler_pid());
    change(
        &stage,
        scenario.setup["changed"].as_str().unwrap_or("host.json"),
    );
    compare(&host, &stage, scenario, port, process).await
}

fn link(stage: &Stage) {
    let link = stage.path("app/handler");
    // There is none at first.
    let _ = fs::remove_file(&link);
    symlink(crate::stage::recorder(), link).expect("a link can be made");
}

fn change(stage: &Stage, what: &str) {
    match what {
        "function.json" => stage.http_at("hello", "other"),
        "new-function" => stage.http_at("fresh", "fresh"),
        "other-file" => stage.write("app/notes.txt", "a note"),
        "binary" => link(stage),
        "app_offline" => stage.write("app/app_offline.htm", "away"),
        _ => {
            let text = fs::read_to_string(stage.path("app/host.json")).expect("it is there");
            stage.write("app/host.json", &text);
        }
    }
}

async fn compare(
    host: &Host,
    stage: &Stage,
    scenario: &Scenario,
    port: u16,
    process: Option<u32>,
) -> Played {
    let recorded = &scenario.outcome;
    let restarted = ["handler_restarted", "restarted"];
    let restarted = restarted.iter().any(|name| recorded[name] == true);
    let ends = recorded["host_alive"] == false;
    let mut clients = Clients::new(host.address(), "/hello");
    let settled = async {
        while clients.sent() < LEAST || (restarted && stage.lives() < 2) {
            clients.step().await;
        }
    };
    within("a restart, if there is one", settled).await?;
    if ends {
        within("the end of the host", host.failed()).await?;
    }
    same("restarted", stage.lives() == 2, &json!(restarted))?;
    same("a new port", host.handler_port() != port, &json!(restarted))?;
    if restarted {
        let process = format!("/proc/{}", process.expect("a process"));
        until("the end of the old handler", || {
            !Path::new(&process).exists()
        })
        .await?;
    }
    for (path, name) in [
        ("/other", "get_other"),
        ("/fresh", "get_fresh"),
        ("/hello", "hello"),
    ] {
        if !recorded[name].is_null() {
            let (got, _) = send(host.address(), "GET", path, None).await;
            same(path, got.to_json(), &recorded[name])?;
        }
    }
    if recorded["clients_hello"].is_null() {
        return Ok(());
    }
    let words = |mut words: Vec<String>| {
        // A host that goes away may still have a request; the recorded one broke it off.
        words.retain(|word| word != "broken");
        words.dedup();
        json!(words)
    };
    let here = words(clients.words());
    let recorded = words(recorded_words(&recorded["clients_hello"]));
    if ends {
        return same(
            "hello at the end",
            here[here.as_array().map_or(0, Vec::len) - 1].clone(),
            &json!("refused"),
        );
    }
    same("hello", here, &recorded)
}
