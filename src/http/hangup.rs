//! Ends a connection whose client does not read.
//!
//! A response's body can fail only when hyper polls it, and hyper does not poll it while the client does
//! not read. So the connection itself has to end.

use tokio_util::sync::CancellationToken;

tokio::task_local! {
    static CURRENT: Hangup;
}

/// Ends the connection of the current request.
#[derive(Clone, Default)]
pub struct Hangup(CancellationToken);

impl Hangup {
    /// The hangup of the connection that the calling task serves, if it serves one.
    pub fn current() -> Option<Hangup> {
        CURRENT.try_with(Clone::clone).ok()
    }

    /// Ends the connection. Data that was not sent is lost, and the client sees an error.
    pub fn hang_up(&self) {
        self.0.cancel();
    }

    /// Whether the connection ends for this reason. Then its socket must be reset: otherwise the data in the
    /// system's buffers would keep the response alive for minutes.
    pub fn is_hung_up(&self) -> bool {
        self.0.is_cancelled()
    }

    /// Serves a connection until it ends or is hung up. Returns `None` for one that was hung up.
    pub async fn serve<F: Future>(self, connection: F) -> Option<F::Output> {
        let hung_up = self.0.clone();
        tokio::select! {
            done = CURRENT.scope(self, connection) => Some(done),
            () = hung_up.cancelled() => None,
        }
    }
}
