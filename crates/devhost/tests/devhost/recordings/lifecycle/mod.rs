//! Life cycles beside the recordings: starts, crashes, signals, changed files, output, timers.
//!
//! Each scenario starts a host of its own with the recorder (`examples/recorder.rs`) as its handler.
//! The test compares the events at the handler and the client with the recording, but not their times, except for the
//! waits that are part of the behaviour.

mod clients;
mod files;
mod output;
mod requests;
mod serving;
mod signals;
mod timers;

use std::{collections::BTreeSet, sync::Arc};

use serde_json::Value;
use tokio::{sync::Semaphore, task::JoinSet};

use super::differences::{SCENARIOS, UNPLAYED, compare};

const RECORDINGS: &str = include_str!("../lifecycle.jsonl");

/// Scenarios at a time: most of each is waiting.
const AT_A_TIME: usize = 12;

/// One recorded scenario.
pub(super) struct Scenario {
    name: String,
    setup: Value,
    outcome: Value,
}

/// The outcome of a scenario here: an error says what differs from the recording.
type Played = Result<(), String>;

#[tokio::test(flavor = "multi_thread")]
async fn scenarios_end_as_on_the_real_host() {
    let turns = Arc::new(Semaphore::new(AT_A_TIME));
    let mut playing = JoinSet::new();
    let mut unplayed: BTreeSet<&str> = UNPLAYED.into_iter().map(|(name, _)| name).collect();
    for scenario in recorded().filter(|it| !unplayed.remove(it.name.as_str())) {
        let turns = turns.clone();
        playing.spawn(async move {
            let _turn = turns.acquire().await.expect("the semaphore stays open");
            let played = play(&scenario).await;
            (scenario.name, played)
        });
    }
    assert!(unplayed.is_empty(), "not recorded: {unplayed:?}");
    let mut found = Vec::new();
    while let Some(played) = playing.join_next().await {
        let (name, played) = played.expect("a scenario ends");
        found.extend(played.err().map(|difference| (name, difference)));
    }
    compare(found, &SCENARIOS, &[]);
}

fn recorded() -> impl Iterator<Item = Scenario> {
    RECORDINGS.lines().map(|line| {
        let mut line: Value = serde_json::from_str(line).expect("JSON");
        Scenario {
            name: line["name"].as_str().expect("a name").to_owned(),
            setup: line["setup"].take(),
            outcome: line["outcome"].take(),
        }
    })
}

async fn play(scenario: &Scenario) -> Played {
    match scenario.name.as_str() {
        name if name.starts_with("inflight-") => requests::inflight(scenario).await,
        name if name.starts_with("poison-") => requests::poison(scenario).await,
        name if name.starts_with("nostart-") => serving::cannot_start(scenario).await,
        name if name.starts_with("watch-") => files::play(scenario).await,
        name if name.starts_with("SIG") => signals::play(scenario).await,
        name if name.starts_with("stdout") => output::rows(scenario).await,
        "sigterm-long-timer" => signals::long_timer().await,
        "loglevel-default-warning" => output::levels(scenario).await,
        "function-timeout" => requests::function_timeout(scenario).await,
        "timeout-grace" => requests::grace(scenario).await,
        "child" => serving::child(scenario).await,
        "ready-polls" => serving::readiness(scenario).await,
        "port-key" => serving::port_key(scenario).await,
        "disabled-manual" => timers::disabled(scenario).await,
        "as-core-tools" => timers::core_tools(scenario).await,
        "sub-minute" => timers::sub_minute(scenario).await,
        "schedule-changed" => timers::schedule_changed().await,
        "failed-run-record" => timers::failed_run().await,
        "overlap" => timers::overlap(scenario).await,
        "retry" => timers::retry(scenario).await,
        "exit0-then-timers" => timers::exit_0(scenario).await,
        _ => serving::play(scenario).await,
    }
}
