//! A run of a timer after a deployment. On Flex Consumption, timers have stopped after deployments while HTTP continued
//! (Azure/azure-functions-host#11828), and neither the list of functions nor their status shows it.

use std::fmt;
use std::time::Duration;

use anyhow::{Context, anyhow, ensure};

use super::smoke::{findings, get};
use super::target::Target;
use super::wait::{Attempt, until};

/// The last due slot of a timer, as `/health` reports it.
struct LastDue {
    timer: String,
    /// RFC 3339 in UTC, which sorts by time. `None` if the timer is off.
    slot: Option<String>,
    outcome: String,
}

impl LastDue {
    /// Whether the host called the timer for a later slot than the one in `before`, and the run succeeded.
    fn is_new(&self, before: &[LastDue]) -> bool {
        let is_later = |it: &&LastDue| it.timer == self.timer && it.slot >= self.slot;
        let succeeded = ["succeeded", "degraded"].contains(&self.outcome.as_str());
        succeeded && !before.iter().any(|it| is_later(&it))
    }
}

impl fmt::Display for LastDue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let LastDue {
            timer,
            slot,
            outcome,
        } = self;
        write!(f, "{timer} {} {outcome}", slot.as_deref().unwrap_or("-"))
    }
}

/// Waits until a timer has run a slot that was not yet due when this began: the running package is the only one that can
/// have run it. A run of `/run-due` counts too, because the record of runs does not name the caller.
pub(super) fn wait(target: &Target, timeout: Duration) -> anyhow::Result<String> {
    let before = until(target.timeout, || read(target).map_err(Attempt::NotYet))?;
    println!(
        "waiting up to {} s for the host to call a timer",
        timeout.as_secs()
    );
    until(timeout, || {
        let now = read(target).map_err(Attempt::NotYet)?;
        let ran = now.iter().find(|it| it.is_new(&before));
        ran.map(ToString::to_string)
            .ok_or_else(|| Attempt::NotYet(no_run(&now)))
    })
}

fn no_run(now: &[LastDue]) -> anyhow::Error {
    let timers: Vec<String> = now.iter().map(ToString::to_string).collect();
    anyhow!(
        "no timer function has run since the deployment: {}; the platform may have lost the triggers, which a \
         deployment synchronises",
        timers.join(", ")
    )
}

fn read(target: &Target) -> anyhow::Result<Vec<LastDue>> {
    let report = get(target, "/health")?.json().context("/health")?;
    let timers = findings(&report).filter(|(check, _)| check.key == "timer:last-due");
    let timers: Vec<LastDue> = timers
        .filter_map(|(check, finding)| {
            let value = &finding["observedValue"];
            Some(LastDue {
                timer: check.component?,
                slot: value["slot"].as_str().map(str::to_owned),
                outcome: value["outcome"].as_str()?.to_owned(),
            })
        })
        .collect();
    ensure!(!timers.is_empty(), "/health reports no timer function");
    Ok(timers)
}
