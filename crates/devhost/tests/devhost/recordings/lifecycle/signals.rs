//! SIGTERM, SIGINT and SIGKILL for the program `devhost`, with and without work in flight.

use std::{
    net::SocketAddr,
    os::unix::process::ExitStatusExt as _,
    path::Path,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use super::{Played, Scenario, clients::send};
use crate::stage::{Program, Stage, kill, same, until, within};

/// Waits for the list of functions, and returns the address of the host.
fn listening(program: &mut Program) -> SocketAddr {
    let mut lines = program.lines();
    let port = lines.find_map(|line| {
        let (_, rest) = line.split_once("http://localhost:")?;
        rest.split('/').next()?.parse::<u16>().ok()
    });
    // A pipe that is full would stop the program.
    std::thread::spawn(move || lines.for_each(drop));
    ([127, 0, 0, 1], port.expect("a function with a URL")).into()
}

/// The exit code; a signal is negative.
async fn ended(program: &mut Program) -> i32 {
    loop {
        if let Some(status) = program.0.try_wait().expect("it is ours") {
            let signal = status.signal().map(|signal| -signal);
            return status.code().or(signal).unwrap_or_default();
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

pub(super) async fn play(scenario: &Scenario) -> Played {
    let (setup, recorded) = (&scenario.setup, &scenario.outcome);
    let in_flight = setup["in_flight"].as_str().expect("a word");
    let slow = json!({"delay": 2});
    let stage = Stage::new(
        &Value::Null,
        &json!({"reply": {"/hello": slow, "/boot": slow}}),
    );
    let mut stage = stage.http("hello");
    if in_flight == "timer" {
        stage = stage.timer("boot", "0 0 3 * * *", &json!({"runOnStartup": true}));
    }
    let mut program = Program::start(&stage, &["--port", "0"]);
    let address = listening(&mut program);
    let client = (in_flight == "http")
        .then(|| tokio::spawn(async move { send(address, "GET", "/hello", None).await.0 }));
    let path = match in_flight {
        "http" => "/hello",
        "timer" => "/boot",
        _ => "/",
    };
    until("the work in flight", || !stage.requests(path).is_empty()).await?;
    let handler = stage.events()[0]["pid"].as_u64().expect("a process");
    let signal = setup["signal"].as_str().expect("a name");
    program.signal(&signal.replace("SIG", "-"));
    until("no listener", || {
        std::net::TcpStream::connect(address).is_err()
    })
    .await?;
    let exit = within("the end of the host", ended(&mut program)).await?;
    same("exit code", exit, &recorded["host_exit"])?;
    if let Some(client) = client {
        let got = client.await.expect("a client ends").to_json();
        same("the client", got, &recorded["client"][0])?;
    }
    let runs = Path::new(&format!("/proc/{handler}")).exists();
    let is_left = recorded["handler_still_running_3s_after"] == true;
    if runs {
        kill("-9", &handler.to_string());
    }
    same("the handler runs", runs, &json!(is_left))
}

/// A host that stops waits for a scheduled run for longer than for a request.
pub(super) async fn long_timer() -> Played {
    let orders = json!({"reply": {"/boot": {"delay": 2}}});
    let stage = Stage::new(&Value::Null, &orders).http("hello");
    let stage = stage.timer("boot", "0 0 3 * * *", &json!({"runOnStartup": true}));
    let drain = Duration::from_millis(100);
    let host = stage.start_with(|options| options.limits.drain = drain);
    let host = host.await;
    until("the run", || !stage.requests("/boot").is_empty()).await?;
    let started = Instant::now();
    within("the end of the host", host.drain()).await?;
    let waited = started.elapsed() > Duration::from_secs(1);
    same("it waited for the run", waited, &json!(true))
}
