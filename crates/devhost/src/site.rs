//! The part of a host that outlives its job hosts: one address, behind which one job host after the
//! other serves requests.

use std::sync::Arc;

use tokio::sync::watch;

use crate::{
    handler::HostFailure,
    log::Journal,
    options::Cors,
    shared::{InFlight, Shared},
};

/// The state that the listener, the connections and the job hosts of one host share.
pub(crate) struct Site {
    pub(crate) cors: Cors,
    pub(crate) journal: Journal,
    current: watch::Sender<Arc<Shared>>,
    stopping: watch::Sender<bool>,
    failure: watch::Sender<Option<HostFailure>>,
}

impl Site {
    pub(crate) fn new(journal: Journal, cors: Cors, first: Arc<Shared>) -> Self {
        Self {
            cors,
            journal,
            current: watch::Sender::new(first),
            stopping: watch::Sender::new(false),
            failure: watch::Sender::new(None),
        }
    }

    /// Lets `next` serve the requests from now on.
    pub(crate) fn replace(&self, next: Arc<Shared>) {
        self.current.send_replace(next);
    }

    /// The newest job host. It may have stopped.
    pub(crate) fn current(&self) -> Arc<Shared> {
        self.current.borrow().clone()
    }

    /// The job host for a request that begins now; `None` where none runs, because the app's files
    /// are broken.
    pub(crate) fn begin(&self) -> Option<InFlight> {
        self.current().begin()
    }

    /// Lets running requests and runs end, and starts no others.
    pub(crate) fn stop(&self) {
        self.stopping.send_replace(true);
    }

    pub(crate) fn is_stopping(&self) -> bool {
        *self.stopping.borrow()
    }

    /// Returns once the host stops.
    pub(crate) async fn stopping(&self) {
        let mut stopping = self.stopping.subscribe();
        // This value has the sender, so there is no error.
        let _ = stopping.wait_for(|stopping| *stopping).await;
    }

    /// Stops the host because of `failure`.
    pub(crate) fn fail(&self, failure: HostFailure) {
        self.failure.send_replace(Some(failure));
        self.stop();
    }

    /// Returns once the host has failed.
    pub(crate) async fn failed(&self) -> HostFailure {
        let mut failure = self.failure.subscribe();
        match failure.wait_for(Option::is_some).await.as_deref() {
            Ok(Some(failure)) => failure.clone(),
            _ => HostFailure::gone(),
        }
    }
}
