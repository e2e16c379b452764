//! Resources through the Resource Manager: every kind, every error, operations that take long.
//!
//! A process reads from its environment which certificates it trusts, so each test runs once more as a process
//! of its own, which contains the fake. Such a process prints every log line, and no token may be in its output.

mod errors;
mod kinds;
mod operations;
mod tokens;

use std::any::type_name_of_val;
use std::time::Duration;

use magnusapi::azure::resource_manager::ResourceManager;
use magnusapi::scale::resource::{
    Applied, CallError, CallErrorKind, Change, ObserveError, Observed, Resource, State,
};
use magnusapi::telemetry::{self, Format, Requests};
use schedule::Size;
use tokio::time::Instant;

use crate::fakes::{ResourceManagerFake, SECRET};
use crate::harness::{Certificates, TIMEOUT, alone, assert_passes, run};

/// Runs the test with an empty Azure.
#[track_caller]
fn with_azure<T: AsyncFnOnce(ResourceManagerFake)>(test: T) {
    if Certificates::trusted().is_some() {
        let every_line = telemetry::Settings {
            format: Format::Json,
            filter: Some("trace".into()),
            requests: Requests::All,
        };
        telemetry::start(&every_line).expect("threads can be started");
        log::trace!("lines of every level are written");
        run(async {
            let testing = test(ResourceManagerFake::start().await);
            let ended = tokio::time::timeout(2 * TIMEOUT, testing).await;
            ended.expect("every call ends");
        });
        return telemetry::flush();
    }
    let name = type_name_of_val(&test).trim_end_matches("::{{closure}}");
    let (_, name) = name.split_once("::").expect("the crate's name is first");
    let certificates = Certificates::new();
    let output = assert_passes(alone(name).envs(certificates.variables()));
    assert!(output.contains(r#""level":"trace""#), "{output}");
    assert!(!output.contains(SECRET), "{output}");
}

impl ResourceManagerFake {
    fn manager(&self) -> ResourceManager {
        let base = self.url.parse().expect("an address");
        ResourceManager::acting_as(self.credential(), base).expect("roots of trust")
    }
}

fn resource(id: &str) -> Resource {
    id.parse().expect("an id")
}

/// A deadline that no call here reaches.
fn later() -> Instant {
    Instant::now() + TIMEOUT
}

/// A deadline too early for a wait.
fn soon() -> Instant {
    Instant::now() + Duration::from_secs(1)
}

fn between(min: u32, max: u32) -> Size {
    Size::Between { min, max }
}

async fn observe(azure: &ResourceManagerFake, id: &str) -> Result<Observed, CallError> {
    let observed = resource(id).observe(&azure.manager(), later()).await;
    observed.map_err(|error| match error {
        ObserveError::Call(error) => error,
        ObserveError::Unfit(unfit) => panic!("{unfit}"),
    })
}

/// The request for this size.
async fn decide(azure: &ResourceManagerFake, id: &str, desired: Size) -> Change {
    let observed = observe(azure, id).await.expect("it can be read");
    let change = resource(id).change(&observed, desired);
    change.expect("it fits")
}

#[track_caller]
fn assert_under_way(applied: &Result<Applied, CallError>) {
    assert!(matches!(applied, Ok(Applied::UnderWay(_))), "{applied:?}");
}

/// Reads and changes the resource.
async fn resize(
    azure: &ResourceManagerFake,
    id: &str,
    desired: Size,
    deadline: Instant,
) -> Result<Applied, CallError> {
    let change = decide(azure, id, desired).await;
    resource(id)
        .apply(&azure.manager(), &change, deadline)
        .await
}
