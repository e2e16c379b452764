//! The check of `/health`: whether messages reach their receivers.

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use jiff::{SignedDuration, Timestamp};

use super::outbox::{Deliveries, Outbox};
use super::settings::Settings;
use crate::clock::Clock;
use crate::health::{Check, Finding, Status};

pub struct DeliveryCheck {
    receivers: Vec<String>,
    outbox: Outbox,
    clock: Clock,
}

/// A message that waits longer is a warning: the first retries do not help.
const LATE: SignedDuration = SignedDuration::from_mins(15);

impl DeliveryCheck {
    pub fn new(settings: &Settings, outbox: Outbox, clock: Clock) -> DeliveryCheck {
        let receivers = settings.receivers.iter();
        DeliveryCheck {
            receivers: receivers.map(|it| it.name.clone()).collect(),
            outbox,
            clock,
        }
    }

    async fn findings(&self) -> Vec<Finding> {
        if self.receivers.is_empty() {
            return Vec::new();
        }
        // The database's check reports a database that does not respond.
        let Ok(mut deliveries) = self.outbox.deliveries().await else {
            return Vec::new();
        };
        let now = (self.clock)();
        let receivers = self.receivers.iter();
        let findings = receivers.map(|receiver| {
            let deliveries = deliveries.remove(receiver).unwrap_or_default();
            finding(receiver, &deliveries, now)
        });
        findings.collect()
    }
}

impl Check for DeliveryCheck {
    fn check(&self) -> BoxFuture<'_, Vec<Finding>> {
        self.findings().boxed()
    }
}

fn finding(receiver: &str, deliveries: &Deliveries, now: Timestamp) -> Finding {
    let late = deliveries.waiting_since;
    let is_late = late.is_some_and(|since| now.duration_since(since) >= LATE);
    let is_bad = is_late || deliveries.given_up > 0;
    let output = is_bad.then(|| {
        let failure = deliveries.failure.as_deref().unwrap_or("unknown");
        format!(
            "{} messages wait for the receiver, and {} were given up within 7 days; the last failure: {failure}; \
             correct the receiver's settings, and test them with `magnusapi notify test {receiver}`",
            deliveries.waiting, deliveries.given_up
        )
    });
    Finding {
        component_id: Some(receiver.to_owned()),
        observed_unit: Some("waiting messages"),
        status: if is_bad { Status::Warn } else { Status::Ok },
        output,
        ..Finding::new("notify:delivery", deliveries.waiting)
    }
}
