//! Pings at the start and the end of timer calls, in the format of healthchecks.io: `<address>/start`, `<address>`
//! after a success, `<address>/fail` after a failure, each with a short text as the body.
//!
//! The service notices silence, so a ping needs no database and no guarantee: it has one retry, and a failure is
//! only logged.

use std::collections::BTreeMap;
use std::time::Duration;

use reqwest::header::HeaderMap;
use tokio::task::JoinHandle;

use super::address::Address;
use super::message::shortened;
use super::transport::{Post, Transport};
use crate::host::{Handling, Outcome};
use crate::telemetry::Context;

pub(super) struct Heartbeats {
    addresses: BTreeMap<&'static str, Address>,
    transport: Transport,
}

/// A call whose start was sent, or is being sent.
pub(super) struct Started {
    address: Address,
    ping: JoinHandle<()>,
}

/// For one ping. A service that notices silence responds within a second.
const LIMIT: Duration = Duration::from_secs(3);

/// The pause before the retry.
const PAUSE: Duration = Duration::from_millis(500);

/// The longest text of a body, in characters.
const TEXT: usize = 1000;

impl Heartbeats {
    pub(super) fn new(
        addresses: BTreeMap<&'static str, Address>,
        transport: Transport,
    ) -> Heartbeats {
        Heartbeats {
            addresses,
            transport,
        }
    }

    /// Sends the start of a call in the background.
    pub(super) fn start(&self, function: &str) -> Option<Started> {
        let address = self.addresses.get(function)?.clone();
        let ping = self.spawn(None, address.below("start"), String::new());
        Some(Started { address, ping })
    }

    /// Sends the end of a call in the background, after its start. If another call runs the slot, that one sends
    /// the end.
    pub(super) fn end(&self, started: Started, outcome: &Outcome) -> JoinHandle<()> {
        let Started { address, ping } = started;
        let (address, text) = match &outcome.failure {
            None if outcome.handling == Handling::Elsewhere => return ping,
            None => (address, outcome.lines.join("; ")),
            Some(failure) => (address.below("fail"), failure.clone()),
        };
        self.spawn(Some(ping), address, shortened(&text, TEXT))
    }

    fn spawn(
        &self,
        before: Option<JoinHandle<()>>,
        address: Address,
        text: String,
    ) -> JoinHandle<()> {
        let transport = self.transport.clone();
        tokio::spawn(Context::inherited(async move {
            if let Some(before) = before {
                // The log has a panic.
                let _ = before.await;
            }
            ping(&transport, &address, &text).await;
        }))
    }
}

async fn ping(transport: &Transport, address: &Address, text: &str) {
    let post = || Post {
        headers: HeaderMap::new(),
        content_type: "text/plain; charset=utf-8",
        body: text.to_owned(),
    };
    if transport.post(address, post(), LIMIT).await.is_ok() {
        return;
    }
    tokio::time::sleep(PAUSE).await;
    if let Err(failure) = transport.post(address, post(), LIMIT).await {
        log::warn!("cannot send a heartbeat to {address}: {}", failure.reason);
    }
}
