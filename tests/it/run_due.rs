//! `POST /run-due`: the second clock of the timers.

mod ended;
mod failed;
mod missed;
mod stage;

use crate::harness::run;
use stage::{Stage, run_due};

#[test]
fn invalid_parameters_are_rejected() {
    run(async {
        let stage = Stage::new();
        let program = stage.serving().await;
        for query in [
            "?wait=201",
            "?wait=soon",
            "?wait=-1",
            "?function=item",
            "?until=1",
        ] {
            let response = run_due(&program, query).await;
            response.problem(400, "bad-parameter");
        }
    });
}

#[test]
fn the_route_requires_a_key() {
    let file = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/functions/run_due/function.json"
    );
    let text = std::fs::read_to_string(file).expect("it is there");
    assert!(text.contains(r#""authLevel": "function""#), "{text}");
}
