//! Starts, exits, kills and readiness under a steady stream of requests.

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use super::{
    Played, Scenario,
    clients::{Clients, recorded_words, send},
};
use crate::stage::{Stage, kill, ready, same, until, within};

/// Requests before a match with the recording counts.
const LEAST: usize = 6;
/// As many lives are as good as any number.
const MANY: usize = 10;
const PATIENCE: Duration = Duration::from_secs(30);

/// The end of a scenario in what can be compared.
#[derive(Debug, PartialEq, Eq)]
struct Summary {
    lives: usize,
    /// The last response; `waiting` where there is none.
    finally: String,
    /// All responses. A refused connection is none: the real host listens a second after its start.
    ever: BTreeSet<String>,
}

impl Summary {
    fn of(lives: usize, words: &[String]) -> Self {
        let ever = words
            .iter()
            .filter(|word| !["refused", "waiting"].contains(&word.as_str()));
        Self {
            lives: lives.min(MANY),
            finally: words.last().map_or("waiting", String::as_str).to_owned(),
            ever: ever.cloned().collect(),
        }
    }

    /// Whether `self`, seen here, agrees with the recording. Requests that were waiting when the host
    /// ended get a 500, which the recording may have missed.
    fn agrees(&self, recorded: &Self) -> bool {
        let same_ever = if recorded.finally == "refused" {
            self.ever.is_superset(&recorded.ever)
        } else {
            self.ever == recorded.ever
        };
        self.lives == recorded.lives && self.finally == recorded.finally && same_ever
    }

    /// Whether later requests can still make `self` agree.
    fn may_agree(&self, recorded: &Self) -> bool {
        let more = recorded.finally == "refused" || self.ever.is_subset(&recorded.ever);
        self.lives <= recorded.lives && more
    }
}

/// `hello` is called all the time, `boot` is a timer that runs at the start.
pub(super) async fn play(scenario: &Scenario) -> Played {
    let stage = match scenario.name.as_str() {
        "missing" | "not-executable" => without_handler(scenario, &Value::Null),
        _ => Stage::new(&scenario.setup["host"], &scenario.setup["conf"]).http("hello"),
    };
    let stage = stage.timer("boot", "0 0 3 * * *", &json!({"runOnStartup": true}));
    let host = stage.start().await;
    let kills = scenario.outcome["act"].as_array().map_or(0, Vec::len);
    let mut clients = Clients::new(host.address(), "/hello");
    for number in 1..=kills {
        let before = clients.sent();
        let served = async {
            while clients.sent() < before + 3 || stage.requests("/hello").is_empty() {
                clients.step().await;
            }
        };
        within("requests at the handler", served).await?;
        let process = host.handler_pid().expect("a process");
        kill("-9", &process.to_string());
        until("the recorder's next life", || {
            stage.lives() > number || number == 3
        })
        .await?;
    }
    follow(&stage, &mut clients, &scenario.outcome).await
}

async fn follow(stage: &Stage, clients: &mut Clients, outcome: &Value) -> Played {
    let lives = outcome["lives"].as_u64().unwrap_or_default();
    let lives = usize::try_from(lives).expect("few");
    let recorded = Summary::of(lives, &recorded_words(&outcome["clients"]));
    let started = Instant::now();
    loop {
        clients.step().await;
        let here = Summary::of(stage.lives(), &clients.words());
        if clients.sent() >= LEAST && here.agrees(&recorded) {
            return Ok(());
        }
        if !here.may_agree(&recorded) || started.elapsed() > PATIENCE {
            return Err(format!("{here:?}, not {recorded:?}"));
        }
    }
}

/// The handler does not exist or is not executable. The limit is a quarter of the recorded one.
pub(super) async fn cannot_start(scenario: &Scenario) -> Played {
    let stage = without_handler(scenario, &json!("00:00:00.5"));
    let host = stage.start().await;
    let sent = send(host.address(), "GET", "/hello", None);
    let (got, took) = within("a response", sent).await?;
    let recorded = &scenario.outcome;
    same(
        "the first client",
        got.to_json(),
        &recorded["first_client"][0],
    )?;
    same("it waited", took >= Duration::from_secs(2), &json!(true))?;
    within("the end of the host", host.failed()).await?;
    same("lives", stage.lives(), &json!(0))
}

/// An app whose handler cannot be started.
fn without_handler(scenario: &Scenario, limit: &Value) -> Stage {
    let program = if scenario.name.ends_with("not-executable") {
        "./host.json"
    } else {
        "no-such-program"
    };
    let handler = json!({
        "description": {"defaultExecutablePath": program},
        "initializationTimeout": limit,
    });
    Stage::new(&json!({"customHandler": handler}), &Value::Null).http("hello")
}

pub(super) async fn child(scenario: &Scenario) -> Played {
    let stage = Stage::new(&Value::Null, &Value::Null).http("hello");
    let host = stage.start().await;
    ready(&host).await?;
    let start = stage.events().swap_remove(0);
    let recorded = &scenario.outcome;
    let count = |value: &Value| value.as_array().map_or(0, Vec::len);
    same(
        "arguments",
        count(&start["argv"]),
        &json!(count(&recorded["argv"])),
    )?;
    let folder = stage.path("app").canonicalize().expect("it is there");
    same("folder", folder.display().to_string(), &start["cwd"])?;
    let own = [
        "CUSTOMHANDLER_PORT",
        "CUSTOMHANDLER_WORKER_ID",
        "HTTPWORKER_ID",
        "HTTPWORKER_PORT",
    ];
    let own = own.map(|name| json!(format!("FUNCTIONS_{name}")));
    for variables in [&start["env"], &recorded["env_names"]] {
        let all = variables.as_array().expect("names");
        let missing: Vec<_> = own.iter().filter(|name| !all.contains(name)).collect();
        same("missing variables", json!(missing), &json!([]))?;
    }
    let group = |stat: &str| {
        let fields = stat.rsplit_once(") ").map(|(_, fields)| fields);
        let group = fields.and_then(|fields| fields.split(' ').nth(2));
        group.map(str::to_owned)
    };
    let ours = std::fs::read_to_string("/proc/self/stat").expect("procfs");
    let is_same = group(&ours) == group(start["stat"].as_str().expect("a line"));
    same(
        "process group",
        is_same,
        &recorded["same_process_group_as_host"],
    )?;
    let status = start["status"].as_str().expect("lines");
    let ignored = status.lines().find(|line| line.starts_with("SigIgn"));
    same(
        "ignored signals",
        ignored.unwrap_or_default(),
        &recorded["sigmask"][1],
    )
}

pub(super) async fn readiness(scenario: &Scenario) -> Played {
    let stage = Stage::new(&Value::Null, &json!({"start": {"sleep": 1}})).http("hello");
    let host = stage.start().await;
    ready(&host).await?;
    let count = stage.requests("/").len();
    same("requests for /", count, &scenario.outcome["root_requests"])
}

pub(super) async fn port_key(scenario: &Scenario) -> Played {
    let port = &scenario.setup["customHandler.port"];
    let stage = Stage::new(&json!({"customHandler": {"port": port}}), &Value::Null).http("hello");
    let host = stage.start().await;
    let is_port = json!(host.handler_port()) == *port;
    same(
        "the port",
        is_port,
        &scenario.outcome["handler_port_is_7189"],
    )?;
    let (got, _) = send(host.address(), "GET", "/hello", None).await;
    same("hello", got.to_json(), &scenario.outcome["hello"])
}
