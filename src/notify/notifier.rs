//! Evaluations and sending, around timer calls and in the background.

use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use jiff::{SignedDuration, Timestamp};
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::heartbeat::Heartbeats;
use super::outbox::{Outbox, Watch};
use super::sender::Sender;
use super::settings::Settings;
use super::transport::Transport;
use super::watch::{self, News, Present, TIMER};
use crate::clock::Clock;
use crate::database::Error;
use crate::health::{Finding, Health, Report};
use crate::host::{Companion, Invocation, Outcome};
use crate::ledger::Ledger;
use crate::scale::Scaling;
use crate::telemetry::Context;

/// Writes messages about changes of state, delivers them, and sends heartbeats. Clones share all of it.
#[derive(Clone)]
pub struct Notifier {
    shared: Arc<Shared>,
}

struct Shared {
    settings: Settings,
    functions: Vec<&'static str>,
    outbox: Outbox,
    health: Health,
    ledger: Ledger,
    scaling: Scaling,
    sender: Sender,
    heartbeats: Heartbeats,
}

/// The longest time for which a timer call waits for its messages and its heartbeat. They continue in the
/// background then.
const WAIT: Duration = Duration::from_secs(4);

/// Time between two looks in the background.
const PERIOD: Duration = Duration::from_mins(1);

/// The shortest time between two rounds in the background.
const PAUSE: Duration = Duration::from_secs(1);

/// Time between two evaluations in the background. Those at the end of timer calls come on top.
const INTERVAL: SignedDuration = SignedDuration::from_mins(5);

/// Some checks cache their findings for a minute. After this time, no finding is older than the last evaluation.
const CACHED: SignedDuration = SignedDuration::from_secs(65);

/// Attempts to store an evaluation while others are stored.
const ATTEMPTS: usize = 3;

/// Events before the last evaluation that are read again: a transaction can commit some time after its instants.
const OVERLAP: SignedDuration = SignedDuration::from_mins(15);

/// The oldest events that make messages, after a time without evaluations. Messages are kept for longer, so that
/// no event makes a second one.
const OLDEST: SignedDuration = SignedDuration::from_hours(7 * 24);

impl Notifier {
    /// `functions` are the timer functions.
    pub fn new(
        settings: Settings,
        functions: impl IntoIterator<Item = &'static str>,
        outbox: Outbox,
        health: Health,
        ledger: Ledger,
        scaling: Scaling,
        clock: Clock,
    ) -> Notifier {
        let transport = Transport::new(settings.networks.clone());
        Notifier {
            shared: Arc::new(Shared {
                functions: functions.into_iter().collect(),
                sender: Sender::new(&settings, outbox.clone(), transport.clone(), clock),
                heartbeats: Heartbeats::new(settings.heartbeats.clone(), transport),
                settings,
                outbox,
                health,
                ledger,
                scaling,
            }),
        }
    }

    /// Evaluates and sends until `stop`. Without a receiver, it does nothing.
    pub fn run_in_background(&self, stop: CancellationToken) {
        if self.has_receivers() {
            let shared = self.shared.clone();
            tokio::spawn(stop.run_until_cancelled_owned(async move { shared.run().await }));
        }
    }

    fn has_receivers(&self) -> bool {
        !self.shared.settings.receivers.is_empty()
    }

    /// Evaluates and sends in the background.
    fn spawn_round(&self) -> Option<JoinHandle<()>> {
        let shared = self.has_receivers().then(|| self.shared.clone())?;
        let round = async move {
            if let Err(error) = shared.evaluate().await {
                log::warn!("cannot look for messages, the next look follows: {error}");
            }
            shared.sender.round().await;
        };
        Some(tokio::spawn(Context::inherited(round)))
    }

    async fn accompanied(&self, invocation: &Invocation, call: BoxFuture<'_, Outcome>) -> Outcome {
        let heartbeats = &self.shared.heartbeats;
        let started = heartbeats.start(&invocation.function);
        let outcome = call.await;
        let ping = started.map(|started| heartbeats.end(started, &outcome));
        let round = self.spawn_round();
        let both = async {
            for task in [ping, round].into_iter().flatten() {
                // The log has a panic.
                let _ = task.await;
            }
        };
        // After this time, both continue.
        let _ = timeout(WAIT, both).await;
        outcome
    }
}

impl Companion for Notifier {
    fn accompany<'a>(
        &'a self,
        invocation: &'a Invocation,
        call: BoxFuture<'a, Outcome>,
    ) -> BoxFuture<'a, Outcome> {
        self.accompanied(invocation, call).boxed()
    }
}

impl Shared {
    async fn run(&self) {
        loop {
            let pause = match self.look().await {
                Ok(next) => next.unwrap_or(PERIOD).clamp(PAUSE, PERIOD),
                Err(error) => {
                    log::debug!("cannot look for messages: {error}");
                    PERIOD
                }
            };
            sleep(pause).await;
        }
    }

    /// Evaluates if no instance did so for some time, and sends. Returns the time until the next attempt.
    async fn look(&self) -> Result<Option<Duration>, Error> {
        let watch = self.outbox.watch().await?;
        if watch.is_older(INTERVAL) {
            self.evaluate().await?;
        }
        let names = self.sender.names();
        if self
            .outbox
            .next(&names)
            .await?
            .is_some_and(|it| it.is_zero())
        {
            self.sender.round().await;
        }
        self.outbox.next(&names).await
    }

    /// Stores the messages about all changes since the last evaluation. If another one is stored meanwhile, the
    /// findings may be older than that one, so this reads them again.
    async fn evaluate(&self) -> Result<(), Error> {
        for _ in 0..ATTEMPTS {
            let watch = self.outbox.watch().await?;
            let is_whole = watch.is_older(CACHED);
            let known = self.outbox.states().await?;
            let present = self.present(&watch, is_whole).await?;
            let news = watch::news(&known, &present);
            if self.store(&watch, is_whole, news).await? {
                return self.outbox.delete_old().await;
            }
        }
        // The others have stored newer states than this one would.
        Ok(())
    }

    async fn present(&self, watch: &Watch, is_whole: bool) -> Result<Present, Error> {
        let report = self.health.fresh().await;
        let runs = self.ledger.recent(&self.functions).await?;
        let events_since = watch.events_since();
        let holds = self.scaling.holds().since(events_since, watch.now).await?;
        let sizes = if self.settings.sizes {
            self.scaling.journal().succeeded(events_since).await?
        } else {
            Vec::new()
        };
        Ok(Present {
            now: watch.now,
            generation: watch.generation + 1,
            findings: findings(&report, is_whole),
            runs,
            holds,
            sizes,
            events_since,
            is_whole,
        })
    }

    /// Returns whether it was stored.
    async fn store(&self, watch: &Watch, is_whole: bool, mut news: News) -> Result<bool, Error> {
        let (app, link) = (&self.settings.app, self.settings.link.as_deref());
        let drafts = std::mem::take(&mut news.messages).into_iter();
        let messages = drafts.map(|draft| {
            let event = draft.event.clone();
            (event, draft.into_message(app, link, watch.now))
        });
        let messages: Vec<_> = messages.collect();
        let names = self.sender.names();
        let stored = self.outbox.store(watch, is_whole, &news, &messages, &names);
        stored.await
    }
}

fn findings(report: &Report, is_whole: bool) -> Vec<Finding> {
    let findings = report.checks.values().flatten();
    let findings = findings.filter(|it| is_whole || it.key == TIMER);
    findings.cloned().collect()
}

impl Watch {
    /// Whether the last evaluation of all checks was longer ago.
    fn is_older(&self, age: SignedDuration) -> bool {
        let checked = self.checked;
        checked.is_none_or(|checked| self.now.duration_since(checked) >= age)
    }

    /// The beginning of the events to read.
    fn events_since(&self) -> Timestamp {
        let since = self.since.unwrap_or(self.now);
        let checked = self.checked.unwrap_or(self.now);
        since.max(checked - OVERLAP).max(self.now - OLDEST)
    }
}
