//! The environment of the tests: databases, the program, clients.

mod app_folder;
mod azurite;
mod certificates;
mod client;
mod database;
mod extension;
mod moto;
mod operator;
mod postfacto;
mod process;
mod program;
mod raw;
mod site;
mod start;
mod timer_calls;

pub(crate) use app_folder::{AppFolder, checkout_on, logged, start};
pub(crate) use azurite::{ACCOUNT, Azurite, Container, KEY, WAIT};
pub(crate) use certificates::Certificates;
pub(crate) use client::{Response, client, client_builder, free_port};
pub(crate) use database::{
    Database, NEWEST_PROGRAMS, PROGRAMS, connect, newest_postgres, own_server, postgres,
    waiting_for_a_lock,
};
pub(crate) use extension::Extensions;
pub(crate) use moto::Bucket;
pub(crate) use operator::Operator;
pub(crate) use postfacto::{empty_postfacto, fill_postfacto, postfacto};
pub(crate) use process::{Process, signal};
pub(crate) use program::{Program, healthy, ready, timer};
pub(crate) use raw::{end_of_listening, send_raw};
pub(crate) use site::{Site, everywhere, everywhere_on, everywhere_on_own};
pub(crate) use start::Start;
pub(crate) use timer_calls::{call, call_with, occurrence, timer_request};

use std::process::Command;
use std::time::Duration;

use tempfile::TempDir;

/// The longest time that a test waits for an event. A passing test is far below it, even on a busy machine.
pub(crate) const TIMEOUT: Duration = Duration::from_mins(2);

/// Runs a test against the program on an empty, migrated database.
pub(crate) fn with_program<F: Future<Output = ()>>(test: impl FnOnce(Program) -> F) {
    run(async {
        let database = Database::migrated();
        test(Start::on(&database).await).await;
    });
}

/// A new folder, which is deleted with this value.
pub(crate) fn folder() -> TempDir {
    tempfile::tempdir().expect("a folder")
}

/// Runs an asynchronous test.
pub(crate) fn run(test: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime can be made")
        .block_on(test);
}

/// The test program, to run one of its tests in a separate process.
pub(crate) fn alone(test: &str) -> Command {
    let mut itself = Command::new(std::env::current_exe().expect("this program"));
    itself.args([test, "--exact", "--nocapture"]);
    itself
}

/// Asserts that the test of a separate process passes, and returns its output. The output is printed only if the
/// test fails, because its count of tests would look like one of this process.
#[track_caller]
pub(crate) fn assert_passes(alone: &mut Command) -> String {
    let output = alone.output().expect("it starts");
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8_lossy(&text).into_owned();
    assert!(output.status.success(), "{text}");
    assert!(text.contains("1 passed"), "no test of this name: {text}");
    text
}

/// Polls until `poll` returns a value.
pub(crate) async fn eventually<T, F: Future<Output = Option<T>>>(
    event: &str,
    mut poll: impl FnMut() -> F,
) -> T {
    let deadline = tokio::time::Instant::now() + TIMEOUT;
    loop {
        if let Some(value) = poll().await {
            return value;
        }
        assert!(
            tokio::time::Instant::now() < deadline,
            "timed out after {TIMEOUT:?}: {event}"
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
