//! The handler: one child process, started, watched and started again.
//!
//! | module | purpose |
//! |---|---|
//! | `supervisor` | the rules for restarts, and the one task that owns the child |
//! | `launch` | the command line and the environment of the child |
//! | `readiness` | `GET /` until something answers |
//! | `console` | the child's lines become log records |

mod console;
mod launch;
mod readiness;
mod supervisor;

use std::time::Duration;

use tokio::sync::{mpsc, oneshot, watch};

pub use launch::LaunchError;
pub(crate) use launch::{Launch, free_port};
pub(crate) use supervisor::Supervisor;

/// Why a host stopped by itself, in one line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct HostFailure(pub String);

/// The state of the handler.
#[derive(Debug, Clone)]
pub(crate) enum State {
    /// The process runs but has not answered yet.
    Starting { pid: Option<u32> },
    /// It answers.
    Ready { pid: Option<u32> },
    /// It will not run again.
    Stopped(HostFailure),
}

/// An order to the supervisor.
#[derive(Debug)]
pub(crate) enum Order {
    /// SIGKILL as from outside: a crash, which counts.
    Crash(oneshot::Sender<()>),
    /// SIGKILL and a new start, which does not count.
    Restart(oneshot::Sender<()>),
    /// SIGKILL for good.
    Stop(oneshot::Sender<()>),
    /// SIGKILL for good, because of this.
    Fail(HostFailure),
}

/// The way to the handler, for invocations.
#[derive(Clone)]
pub(crate) struct Handler {
    /// The port of all its lives.
    pub(crate) port: u16,
    state: watch::Receiver<State>,
    orders: mpsc::Sender<Order>,
    /// How long an invocation waits for a handler that is not ready.
    patience: Duration,
}

impl Handler {
    pub(crate) fn pid(&self) -> Option<u32> {
        match &*self.state.borrow() {
            State::Starting { pid } | State::Ready { pid } => *pid,
            State::Stopped(_) => None,
        }
    }

    /// Waits until the handler answers. After four times initializationTimeout the host stops
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
        if let Ok(answer) = tokio::time::timeout(self.patience, settled).await {
            return answer;
        }
        let text = "Initialization timed out and host is shutting down";
        let failure = HostFailure(text.to_owned());
        // A closed channel means that the handler is gone already.
        let _ = self.orders.send(Order::Fail(failure.clone())).await;
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
    pub(crate) async fn order(&self, order: impl FnOnce(oneshot::Sender<()>) -> Order) {
        let (done, ended) = oneshot::channel();
        if self.orders.send(order(done)).await.is_ok() {
            // An error is a supervisor that went away, and the child with it.
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
