//! The timer function `scale`.

use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use jiff::Timestamp;
use tokio::time::Instant;

use super::files::LoadError;
use super::scaling::Scaling;
use super::summary::Summary;
use super::tick::Tick;
use crate::host::{Invocation, Outcome, Timer};
use crate::ledger::{Ledger, Work};

pub const FUNCTION: &str = "scale";

pub struct ScaleTimer {
    scaling: Scaling,
    ledger: Ledger,
}

impl ScaleTimer {
    pub fn new(scaling: Scaling, ledger: Ledger) -> ScaleTimer {
        ScaleTimer { scaling, ledger }
    }
}

impl Timer for ScaleTimer {
    fn function(&self) -> &'static str {
        FUNCTION
    }

    fn run<'a>(&'a self, invocation: &'a Invocation, limit: Duration) -> BoxFuture<'a, Outcome> {
        run(&self.scaling, &self.ledger, invocation, limit).boxed()
    }
}

/// One tick, once for each slot. It enforces the sizes of the instant of the host's call.
pub(super) async fn run(
    scaling: &Scaling,
    ledger: &Ledger,
    invocation: &Invocation,
    limit: Duration,
) -> Outcome {
    let now = invocation.called.unwrap_or_else(|| scaling.now());
    let work = || work(scaling, now, &invocation.id).boxed();
    Box::pin(ledger.once(invocation, limit, scaling.clock(), work)).await
}

/// Failed if any target failed. The failure names each.
async fn work(scaling: &Scaling, now: Timestamp, invocation_id: &str) -> Work {
    let summary = match Box::pin(tick(scaling, now, invocation_id, false)).await {
        Ok(summary) => summary,
        Err(error) => {
            let outcome = Outcome::failed(Vec::new(), error);
            return Work::new(outcome, serde_json::Value::Null);
        }
    };
    let lines = summary.lines();
    let outcome = match summary.failure() {
        None => Outcome::succeeded(lines),
        Some(failure) => Outcome::failed(lines, failure),
    };
    let summary = serde_json::to_value(summary).expect("texts and numbers always serialize");
    Work::new(outcome, summary)
}

/// Reads the schedule and the holds, then handles every target. The error is the reason for which no target
/// was handled.
pub(super) async fn tick(
    scaling: &Scaling,
    now: Timestamp,
    invocation_id: &str,
    is_dry: bool,
) -> Result<Summary, String> {
    let begun = Instant::now();
    let loaded = match Box::pin(scaling.schedule(now)).await {
        Err(LoadError::Missing(_)) => return Ok(Summary::default()),
        loaded => loaded.map_err(|error| error.to_string())?,
    };
    let holds = scaling.holds().active(now).await;
    let holds =
        holds.map_err(|error| format!("cannot load the holds, so nothing was changed: {error}"))?;
    let open = scaling.journal().open().await;
    let open = open.map_err(|error| {
        format!("cannot load the open changes, so nothing was changed: {error}")
    })?;
    let tick = Tick {
        scaling,
        loaded: &loaded,
        holds: &holds,
        open: &open,
        now,
        invocation_id,
        is_dry,
        begun,
    };
    let summary = Box::pin(tick.run()).await;
    if !is_dry {
        Box::pin(clean(scaling, now)).await;
    }
    Ok(summary)
}

/// A failure is only logged: the next tick deletes the same rows.
async fn clean(scaling: &Scaling, now: Timestamp) {
    let holds = scaling.holds().delete_old(now);
    let changes = scaling.journal().delete_old(now);
    let (holds, changes) = tokio::join!(holds, changes);
    for error in [holds.err(), changes.err()].into_iter().flatten() {
        log::warn!("cannot delete old rows: {error}");
    }
}
