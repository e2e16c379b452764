//! Whether the schema is ready, and if not, why not: a switch that requests wait on.

use std::time::{Duration, Instant};

use tokio::sync::watch;

use super::Error;

/// Starts as "not yet" and becomes ready. It may have to begin again: a database that is set back to
/// an earlier day under a running program lacks the later migrations.
pub(super) struct Readiness {
    state: watch::Sender<State>,
}

#[derive(Clone)]
enum State {
    Waiting(String),
    Ready { since: Instant },
}

/// A schema that was found complete so lately is not looked at again: what is missing from it, no
/// migration makes.
const SETTLED: Duration = Duration::from_secs(1);

impl Readiness {
    pub(super) fn new() -> Self {
        let first = State::Waiting("it is being prepared".into());
        Readiness {
            state: watch::Sender::new(first),
        }
    }

    /// Lets everyone go on.
    pub(super) fn ready(&self) {
        let since = Instant::now();
        self.state.send_replace(State::Ready { since });
    }

    /// Keeps everyone waiting again. Returns whether it was ready, and the caller has to make it so
    /// again.
    pub(super) fn begin_again(&self, reason: &str) -> bool {
        self.state.send_if_modified(|state| {
            let begins = matches!(state, State::Ready { since } if since.elapsed() > SETTLED);
            if begins {
                *state = State::Waiting(format!("it is being migrated again: {reason}"));
            }
            begins
        })
    }

    /// Keeps everyone waiting, with a new reason.
    pub(super) fn waiting_because(&self, reason: String) {
        self.state.send_replace(State::Waiting(reason));
    }

    /// Why it is not ready, if it is not.
    pub(super) fn obstacle(&self) -> Option<String> {
        match &*self.state.borrow() {
            State::Waiting(reason) => Some(reason.clone()),
            State::Ready { .. } => None,
        }
    }

    /// Waits for readiness until `deadline`.
    ///
    /// # Errors
    /// [`Error::Unavailable`] with the last reason.
    pub(super) async fn wait_until(&self, deadline: Instant) -> Result<(), Error> {
        if matches!(*self.state.borrow(), State::Ready { .. }) {
            return Ok(());
        }
        let mut state = self.state.subscribe();
        let ready = state.wait_for(|state| matches!(state, State::Ready { .. }));
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
