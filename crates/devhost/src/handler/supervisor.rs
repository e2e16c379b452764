//! The rules for restarts.
//!
//! Source: Azure/azure-functions-host, `HttpFunctionInvocationDispatcher.cs`:
//!
//! | the process | effect |
//! |---|---|
//! | exits with 0 or 200 | it starts again, uncounted |
//! | exits with anything else (a signal is 128 + n) | counted |
//! | does not listen within initializationTimeout | killed, counted |
//! | cannot be started | reported once, uncounted |
//!
//! The first and the second count start it again at once; the third stops the host. Thirty minutes without an error reset
//! the count. The host ends a process only by SIGKILL.

use std::{
    os::unix::process::ExitStatusExt as _,
    process::ExitStatus,
    time::{Duration, Instant},
};

use tokio::{
    net::TcpSocket,
    process::Child,
    sync::{mpsc, oneshot, watch},
};

use super::{Handler, HostFailure, Launch, Order, Orders, State, console::Console, readiness};
use crate::log::{Journal, Level};

/// The error that stops the host.
const LAST_ERROR: u32 = 3;
/// Earlier errors do not count after this time without an error.
const FORGET_AFTER: Duration = Duration::from_mins(30);
/// An invocation waits this many times initializationTimeout: one start and three restarts.
const STARTS: u32 = 4;

/// The owner of the handler's process.
pub(crate) struct Supervisor {
    pub(crate) launch: Launch,
    pub(crate) port: u16,
    /// Keeps the port.
    pub(crate) _socket: TcpSocket,
    pub(crate) initialization_timeout: Duration,
    pub(crate) stderr_is_for_errors: bool,
    pub(crate) journal: Journal,
}

/// The end of one process.
enum End {
    /// By itself, or by [`Order::Crash`].
    Exited(ExitStatus),
    TimedOut,
    Restart,
    Stop(HostFailure),
}

#[derive(Default)]
struct Errors {
    count: u32,
    last: Option<Instant>,
}

impl Supervisor {
    /// The handler, and the task that starts it and keeps it running. Dropping the task kills the process.
    pub(crate) fn supervise(self) -> (Handler, impl Future<Output = ()> + Send + use<>) {
        let (state, watched) = watch::channel(State::Starting { pid: None });
        let (orders, received) = mpsc::channel(16);
        let handler = Handler {
            port: self.port,
            state: watched,
            orders,
            ready_timeout: self.initialization_timeout * STARTS,
        };
        (handler, self.keep_running(state, received))
    }

    async fn keep_running(self, state: watch::Sender<State>, mut orders: mpsc::Receiver<Orders>) {
        let mut errors = Errors::default();
        let failure = loop {
            let lived = match self.launch.start() {
                Ok(child) => self.live(child, &state, &mut orders, &mut errors).await,
                Err(problem) => Err(self.without_process(problem, &mut orders).await),
            };
            if let Err(failure) = lived {
                break failure;
            }
        };
        state.send_replace(State::Stopped(failure));
    }

    /// A process that cannot be started is not tried again. Invocations wait until they give up, and with them the
    /// host.
    async fn without_process(
        &self,
        problem: String,
        orders: &mut mpsc::Receiver<Orders>,
    ) -> HostFailure {
        self.journal.host(Level::Error, problem);
        while let Some((order, done)) = orders.recv().await {
            notify(Some(done));
            if let Order::Stop(failure) = order {
                return failure;
            }
        }
        HostFailure::gone()
    }

    /// Runs one process to its end. An error means that it is not started again.
    async fn live(
        &self,
        mut child: Child,
        state: &watch::Sender<State>,
        orders: &mut mpsc::Receiver<Orders>,
        errors: &mut Errors,
    ) -> Result<(), HostFailure> {
        let pid = child.id();
        state.send_replace(State::Starting { pid });
        let console = Console::of(&mut child, &self.journal, self.stderr_is_for_errors);
        let (end, waiting) = self.watch(&mut child, state, orders).await;
        // Before the end of the process is visible: invocations must wait from here on.
        state.send_replace(State::Starting { pid: None });
        // SIGKILL; an error is a process that has ended by itself.
        let _ = child.kill().await;
        let explanation = console.explanation().await;
        notify(waiting);
        match end {
            End::Exited(status) => self.exited(code(status), errors, &explanation),
            End::TimedOut => {
                let text = format!(
                    "the handler did not listen on port {} within {:?}",
                    self.port, self.initialization_timeout
                );
                self.count(errors, &text, &explanation)
            }
            End::Restart => Ok(()),
            End::Stop(failure) => Err(failure),
        }
    }

    /// The end of the process, or an order to end it; with the sender that waits for its end.
    async fn watch(
        &self,
        child: &mut Child,
        state: &watch::Sender<State>,
        orders: &mut mpsc::Receiver<Orders>,
    ) -> (End, Option<oneshot::Sender<()>>) {
        let pid = child.id();
        let mut ready = false;
        let mut crashed = None;
        let readiness = readiness::wait(self.port, self.initialization_timeout);
        tokio::pin!(readiness);
        loop {
            tokio::select! {
                // The exit has precedence: another process may have the port by then.
                biased;
                status = child.wait() => {
                    // `wait` fails only for a child that was reaped, and only this place reaps it.
                    return (status.map_or(End::TimedOut, End::Exited), crashed);
                }
                order = orders.recv() => match order {
                    Some((Order::Crash, done)) => {
                        let _ = child.start_kill();
                        crashed = Some(done);
                    }
                    Some((Order::Restart, done)) => return (End::Restart, Some(done)),
                    Some((Order::Stop(failure), done)) => return (End::Stop(failure), Some(done)),
                    None => return (End::Stop(HostFailure::gone()), None),
                },
                in_time = &mut readiness, if !ready => {
                    if !in_time {
                        return (End::TimedOut, crashed);
                    }
                    ready = true;
                    state.send_replace(State::Ready { pid });
                }
            }
        }
    }

    fn exited(&self, code: i32, errors: &mut Errors, explanation: &str) -> Result<(), HostFailure> {
        let text = format!("the handler exited with {code}");
        if code != 0 && code != 200 {
            return self.count(errors, &text, explanation);
        }
        self.journal
            .host(Level::Information, format!("{text}; starting it again"));
        Ok(())
    }

    fn count(&self, errors: &mut Errors, what: &str, explanation: &str) -> Result<(), HostFailure> {
        let count = errors.count(Instant::now());
        let because = if explanation.is_empty() {
            String::new()
        } else {
            format!("; its last errors: {explanation}")
        };
        if count == LAST_ERROR {
            let text = format!(
                "{what}{because}; Exceeded http worker restart retry count. Shutting down Functions Host"
            );
            self.journal.host(Level::Error, text.clone());
            return Err(HostFailure(text));
        }
        let text = format!("{what}{because}; error {count} of {LAST_ERROR}, starting it again");
        self.journal.host(Level::Error, text);
        Ok(())
    }
}

impl Errors {
    fn count(&mut self, now: Instant) -> u32 {
        if self
            .last
            .is_some_and(|last| now.duration_since(last) > FORGET_AFTER)
        {
            self.count = 0;
        }
        self.last = Some(now);
        self.count += 1;
        self.count
    }
}

/// Reports the end of the process to a sender, which may not wait any more.
fn notify(waiting: Option<oneshot::Sender<()>>) {
    if let Some(waiting) = waiting {
        let _ = waiting.send(());
    }
}

/// The exit code; a signal counts as a shell counts it.
fn code(status: ExitStatus) -> i32 {
    status
        .code()
        .or_else(|| status.signal().map(|signal| 128 + signal))
        .unwrap_or(-1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thirty_minutes_without_errors_reset_the_count() {
        let start = Instant::now();
        let mut errors = Errors::default();
        assert_eq!(errors.count(start), 1);
        assert_eq!(errors.count(start + Duration::from_mins(30)), 2);
        assert_eq!(errors.count(start + Duration::from_mins(61)), 1);
    }

    #[test]
    fn signals_are_128_and_their_number() {
        assert_eq!(code(ExitStatus::from_raw(9)), 137);
        assert_eq!(code(ExitStatus::from_raw(200 << 8)), 200);
    }
}
