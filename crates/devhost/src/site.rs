//! The part of a host that outlives its job hosts: one address, behind which one job host after the
//! other serves requests.

use std::sync::Arc;

use tokio::sync::{SetOnce, watch};
use tokio_util::sync::CancellationToken;

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
    /// Lets running requests and runs end, and starts no others.
    pub(crate) stopping: CancellationToken,
    current: watch::Sender<Arc<Shared>>,
    failure: SetOnce<HostFailure>,
}

impl Site {
    pub(crate) fn new(journal: Journal, cors: Cors, first: Arc<Shared>) -> Self {
        Self {
            cors,
            journal,
            stopping: CancellationToken::new(),
            current: watch::Sender::new(first),
            failure: SetOnce::new(),
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

    /// Stops the host because of `failure`.
    pub(crate) fn fail(&self, failure: HostFailure) {
        // The first failure is the reason; an error means that there is one.
        let _ = self.failure.set(failure);
        self.stopping.cancel();
    }

    /// Returns once the host has failed.
    pub(crate) async fn failed(&self) -> HostFailure {
        self.failure.wait().await.clone()
    }
}
