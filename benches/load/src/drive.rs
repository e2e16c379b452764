//! Load for a server: some connections, each sending its next request after the previous response.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use fastrand::Rng;
use tokio::task::JoinSet;

use crate::client::Client;
use crate::outcome::Outcome;
use crate::process::own_processor_time;
use crate::scenario::Scenario;

/// How much load: it ends when the time or the requests are used up.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Load {
    /// Requests under way at the same time, each on a connection of its own.
    pub(crate) connections: u32,
    /// No request begins after this.
    pub(crate) time: Duration,
    /// Nor after this many.
    pub(crate) requests: u64,
}

/// Sends requests of one kind to the server on `port`. Every response's status is checked, and the
/// content of each connection's first one.
///
/// # Errors
/// The first wrong response or broken connection ends the run.
pub(crate) async fn drive(port: u16, scenario: Scenario, load: Load) -> anyhow::Result<Outcome> {
    let cpu = own_processor_time();
    let begin = Instant::now();
    let deadline = begin + load.time;
    let left = Arc::new(AtomicU64::new(load.requests));
    let mut clients = JoinSet::new();
    for _ in 0..load.connections {
        clients.spawn(one(port, scenario, deadline, left.clone()));
    }
    let mut latencies = Vec::new();
    while let Some(client) = clients.join_next().await {
        latencies.append(&mut client??);
    }
    let elapsed = begin.elapsed();
    let cpu = own_processor_time().saturating_sub(cpu);
    Ok(Outcome::new(latencies, elapsed, cpu))
}

async fn one(
    port: u16,
    scenario: Scenario,
    deadline: Instant,
    left: Arc<AtomicU64>,
) -> anyhow::Result<Vec<u32>> {
    let mut client = Client::new(port);
    let mut random = Rng::new();
    let mut latencies = Vec::new();
    while Instant::now() < deadline && take(&left) {
        let ask = scenario.ask(&mut random);
        let begin = Instant::now();
        let response = client.send(&ask).await?;
        let latency = begin.elapsed().as_micros();
        if latencies.is_empty() {
            scenario.check(&ask, &response)?;
        }
        latencies.push(u32::try_from(latency).unwrap_or(u32::MAX));
    }
    Ok(latencies)
}

fn take(left: &AtomicU64) -> bool {
    let one_less = |left: u64| left.checked_sub(1);
    left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_less)
        .is_ok()
}
