//! Whether the schema is ready, and if not, why not: a switch that requests wait on.

use std::time::Instant;

use tokio::sync::watch;

use super::Error;

/// Starts as "not yet"; becomes ready once and stays so.
pub(super) struct Readiness {
    state: watch::Sender<State>,
}

#[derive(Clone)]
enum State {
    Waiting(String),
    Ready,
}

impl Readiness {
    /// Not ready yet.
    pub(super) fn new() -> Self {
        let first = State::Waiting("it is being prepared".into());
        Readiness {
            state: watch::Sender::new(first),
        }
    }

    /// Lets everyone go on.
    pub(super) fn ready(&self) {
        self.state.send_replace(State::Ready);
    }

    /// Keeps everyone waiting, with a new reason.
    pub(super) fn waiting_because(&self, reason: String) {
        self.state.send_replace(State::Waiting(reason));
    }

    /// Why it is not ready, if it is not.
    pub(super) fn obstacle(&self) -> Option<String> {
        match &*self.state.borrow() {
            State::Waiting(reason) => Some(reason.clone()),
            State::Ready => None,
        }
    }

    /// Waits for readiness until `deadline`.
    ///
    /// # Errors
    /// [`Error::Unavailable`] with the last reason.
    pub(super) async fn wait_until(&self, deadline: Instant) -> Result<(), Error> {
        let mut state = self.state.subscribe();
        let ready = state.wait_for(|state| matches!(state, State::Ready));
        // The sender lives as long as `self`, so an error here is the timeout alone.
        if tokio::time::timeout_at(deadline.into(), ready)
            .await
            .is_ok()
        {
            return Ok(());
        }
        self.obstacle()
            .map_or(Ok(()), |reason| Err(Error::Unavailable(reason)))
    }
}
