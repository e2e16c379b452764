//! What every test stands on: a database, the program, a way to talk to it.

mod app_folder;
mod azurite;
mod certificates;
mod database;
mod operator;
mod postfacto;
mod program;
mod raw;
mod site;

pub(crate) use app_folder::{AppFolder, checkout_on, start};
pub(crate) use azurite::{ACCOUNT, Azurite, Container, KEY, WAIT};
pub(crate) use certificates::Certificates;
pub(crate) use database::{
    Database, NEWEST_PROGRAMS, PROGRAMS, connect, newest_postgres, own_server, postgres,
    waiting_for_a_lock,
};
pub(crate) use operator::Operator;
pub(crate) use postfacto::{empty_postfacto, fill_postfacto, postfacto};
pub(crate) use program::{
    Answer, Process, Program, Start, client, client_builder, free_port, healthy, ready, timer,
};
pub(crate) use raw::send_raw;
pub(crate) use site::{Site, everywhere};

use std::future::Future;
use std::process::Command;
use std::time::Duration;

/// The longest wait of a test for anything. A test that passes never waits for so long, also on a machine
/// that does twenty other things.
pub(crate) const PATIENCE: Duration = Duration::from_mins(2);

/// Runs a test against the program on an empty, migrated database.
pub(crate) fn with_program<F: Future<Output = ()>>(test: impl FnOnce(Program) -> F) {
    run(async {
        let database = Database::migrated();
        test(Start::on(&database).await).await;
    });
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

/// This very program, to run one of its tests in a process of its own.
pub(crate) fn alone(test: &str) -> Command {
    let mut itself = Command::new(std::env::current_exe().expect("this program"));
    itself.args([test, "--exact", "--nocapture"]);
    itself
}

/// Runs it, holds the test to pass, and answers what it printed: shown only if it fails, or its count
/// would pass for one of this process.
#[track_caller]
pub(crate) fn assert_passes(alone: &mut Command) -> String {
    let output = alone.output().expect("it starts");
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said).into_owned();
    assert!(output.status.success(), "{said}");
    assert!(said.contains("1 passed"), "no test of this name: {said}");
    said
}

/// Asks again and again until `look` finds something.
pub(crate) async fn eventually<T, F: Future<Output = Option<T>>>(
    what: &str,
    mut look: impl FnMut() -> F,
) -> T {
    let deadline = tokio::time::Instant::now() + PATIENCE;
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(
            tokio::time::Instant::now() < deadline,
            "{what} did not come about within {PATIENCE:?}"
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
