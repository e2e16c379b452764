//! Delivers the waiting messages: for each receiver in their order, and the receivers side by side.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use jiff::Timestamp;

use super::forms;
use super::message::Message;
use super::outbox::{Claimed, Outbox, Retried};
use super::settings::{Receiver, Settings};
use super::transport::{Failure, Transport};
use crate::clock::Clock;
use crate::database::Error;

/// Sends the messages of the outbox.
pub(super) struct Sender {
    receivers: Vec<Receiver>,
    outbox: Outbox,
    transport: Transport,
    clock: Clock,
}

/// For one request: less than the lease of a claim.
const REQUEST: Duration = Duration::from_secs(10);

/// Messages to one receiver in one round.
const ROUND: usize = 20;

/// Pauses after the failed attempts of a message. The last one repeats until a day has passed.
const PAUSES: [Duration; 6] = [
    Duration::from_secs(10),
    Duration::from_secs(30),
    Duration::from_mins(1),
    Duration::from_mins(2),
    Duration::from_mins(5),
    Duration::from_mins(15),
];

/// Attempts at a message that the receiver rejects. It must not delay the messages behind it for a day.
const REJECTIONS: i32 = 5;

impl Sender {
    pub(super) fn new(
        settings: &Settings,
        outbox: Outbox,
        transport: Transport,
        clock: Clock,
    ) -> Sender {
        Sender {
            receivers: settings.receivers.clone(),
            outbox,
            transport,
            clock,
        }
    }

    pub(super) fn names(&self) -> Vec<&str> {
        self.receivers.iter().map(|it| it.name.as_str()).collect()
    }

    /// Sends the messages whose attempts are due. A receiver that fails gets no further request in this round.
    pub(super) async fn round(&self) {
        let rounds = self.receivers.iter().map(|receiver| async {
            if let Err(error) = self.deliver(receiver).await {
                let name = &receiver.name;
                log::warn!("messages to {name} wait for the database: {error}");
            }
        });
        join_all(rounds).await;
    }

    async fn deliver(&self, receiver: &Receiver) -> Result<(), Error> {
        for _ in 0..ROUND {
            let Some(claimed) = self.outbox.claim(&receiver.name).await? else {
                return Ok(());
            };
            let sent = match &claimed.message {
                Some(message) => send(&self.transport, receiver, message, (self.clock)()).await,
                None => Err(Failure::new(
                    "a newer version of the program wrote it, and this one cannot read it",
                )),
            };
            if let Err(failure) = sent {
                return self.failed(receiver, &claimed, failure).await;
            }
            self.outbox.delivered(&receiver.name, claimed.id).await?;
        }
        Ok(())
    }

    async fn failed(
        &self,
        receiver: &Receiver,
        claimed: &Claimed,
        failure: Failure,
    ) -> Result<(), Error> {
        let Failure {
            reason,
            wait,
            is_rejection,
        } = failure;
        let name = &receiver.name;
        let pause = pause(claimed.attempt).max(wait.unwrap_or_default());
        let is_last = is_rejection && claimed.attempt >= REJECTIONS;
        let stored = self.outbox.failed(name, claimed, &reason, pause, is_last);
        let title = &claimed.title;
        match stored.await? {
            Retried::Later => log::warn!(
                "cannot deliver the message {title:?} to {name} at {} (attempt {}): {reason}; the next attempt is \
                 in {pause:?}",
                receiver.address,
                claimed.attempt
            ),
            Retried::GivenUp => log::error!(
                "gave up the message {title:?} to {name} at {} after {} attempts: {reason}; correct the receiver's \
                 settings, and test them with `magnusapi notify test`",
                receiver.address,
                claimed.attempt
            ),
        }
        Ok(())
    }
}

async fn send(
    transport: &Transport,
    receiver: &Receiver,
    message: &Message,
    now: Timestamp,
) -> Result<(), Failure> {
    let post = forms::post(receiver, message, now);
    transport.post(&receiver.address, post, REQUEST).await
}

/// Sends one message to every receiver or to one, past the outbox. Returns each with its result.
pub(super) async fn test<'a>(
    settings: &'a Settings,
    transport: &Transport,
    only: Option<&str>,
    message: &Message,
) -> Vec<(&'a Receiver, Result<Duration, Failure>)> {
    let receivers = settings.receivers.iter();
    let receivers = receivers.filter(|it| only.is_none_or(|only| it.name == only));
    let sent = receivers.map(|receiver| async move {
        let begun = Instant::now();
        let sent = send(transport, receiver, message, message.at).await;
        (receiver, sent.map(|()| begun.elapsed()))
    });
    join_all(sent).await
}

fn pause(attempt: i32) -> Duration {
    let number = usize::try_from(attempt.saturating_sub(1)).unwrap_or_default();
    PAUSES[number.min(PAUSES.len() - 1)]
}
