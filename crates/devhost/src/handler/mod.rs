//! The handler: one child process, started, watched and started again.
//!
//! | module | purpose |
//! |---|---|
//! | `supervisor` | the rules for restarts, and the one task that owns the child |
//! | `launch` | the command line and the environment of the child |
//! | `readiness` | `GET /` until a process responds |
//! | `console` | the child's lines become log records |

mod console;
mod launch;
mod readiness;
mod supervisor;

use std::time::Duration;

use tokio::sync::{mpsc, oneshot, watch};

pub(crate) use launch::{Launch, free_port};
pub(crate) use supervisor::Supervisor;

/// The reason for which a host stopped by itself, in one line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct HostFailure(pub String);

/// The state of the handler.
#[derive(Debug, Clone)]
pub(crate) enum State {
    /// The process runs but has not responded yet.
    Starting {
        pid: Option<u32>,
    },
    Ready {
        pid: Option<u32>,
    },
    /// It will not run again.
    Stopped(HostFailure),
}

/// An order to the supervisor.
#[derive(Debug)]
pub(crate) enum Order {
    /// SIGKILL as from outside: a crash, which counts.
    Crash,
    /// SIGKILL and a new start, which does not count.
    Restart,
    /// SIGKILL for good, for this reason.
    Stop(HostFailure),
}

/// With a sender that is notified once the process has ended.
type Orders = (Order, oneshot::Sender<()>);

/// The handler, as invocations use it.
#[derive(Clone)]
pub(crate) struct Handler {
    /// The same for all its processes.
    pub(crate) port: u16,
    state: watch::Receiver<State>,
    orders: mpsc::Sender<Orders>,
    /// For an invocation that waits for the handler to be ready.
    ready_timeout: Duration,
}

impl Handler {
    pub(crate) fn pid(&self) -> Option<u32> {
        match &*self.state.borrow() {
            State::Starting { pid } | State::Ready { pid } => *pid,
            State::Stopped(_) => None,
        }
    }

    /// Waits until the handler responds. After four times initializationTimeout the host stops
    /// (`WorkerFunctionInvoker.cs`).
    pub(crate) async fn ready(&self) -> Result<(), HostFailure> {
        let mut state = self.state.clone();
        let settled = async move {
            let settled = state
                .wait_for(|state| !matches!(state, State::Starting { .. }))
                .await;
            match settled.as_deref() {
                Ok(State::Stopped(failure)) => Err(failure.clone()),
                Ok(State::Starting { .. } | State::Ready { .. }) => Ok(()),
                Err(_) => Err(HostFailure::gone()),
            }
        };
        if let Ok(result) = tokio::time::timeout(self.ready_timeout, settled).await {
            return result;
        }
        let text = "Initialization timed out and host is shutting down";
        let failure = HostFailure(text.to_owned());
        let (done, _) = oneshot::channel();
        // A closed channel means that the handler has ended.
        let _ = self.orders.send((Order::Stop(failure.clone()), done)).await;
        Err(failure)
    }

    pub(crate) fn has_stopped(&self) -> bool {
        matches!(&*self.state.borrow(), State::Stopped(_))
    }

    /// Waits until the handler has stopped for good.
    pub(crate) async fn stopped(&self) -> HostFailure {
        let mut state = self.state.clone();
        match state
            .wait_for(|state| matches!(state, State::Stopped(_)))
            .await
            .as_deref()
        {
            Ok(State::Stopped(failure)) => failure.clone(),
            _ => HostFailure::gone(),
        }
    }

    /// Gives an order and waits until the process has ended.
    pub(crate) async fn order(&self, order: Order) {
        let (done, ended) = oneshot::channel();
        if self.orders.send((order, done)).await.is_ok() {
            // An error means that the supervisor has ended, and the child with it.
            let _ = ended.await;
        }
    }
}

impl HostFailure {
    /// The host was stopped from outside.
    pub(crate) fn gone() -> Self {
        Self("the host was shut down".to_owned())
    }
}
