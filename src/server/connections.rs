//! The open connections, and when each must close.
//!
//! Slow or silent clients must not lock out the others. The server closes a connection that waits too long
//! for the head of a request, or between two requests. At the limit, it closes the one that has waited
//! longest, to accept the next. Only if all connections are busy does the next client get 503.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::Settings;
use super::activity::{Activity, Wait};

/// All connections of one server.
pub(super) struct Connections {
    settings: Settings,
    limit: usize,
    open: Mutex<Open>,
    /// Notified when a connection has ended.
    ended: Notify,
}

#[derive(Default)]
struct Open {
    last: u64,
    connections: HashMap<u64, Entry>,
}

struct Entry {
    activity: Arc<Activity>,
    /// Cancelled when the connection must close.
    close: CancellationToken,
}

/// Connections above the limit, while those that were asked to close are closing.
const MARGIN: usize = 16;

/// Maximum wait for connections that are closing, which takes only a turn of their tasks.
const CLOSING: Duration = Duration::from_millis(100);

impl Connections {
    /// At most `limit` are open at once.
    pub(super) fn new(settings: Settings, limit: usize) -> Arc<Connections> {
        Arc::new(Connections {
            settings,
            limit,
            open: Mutex::default(),
            ended: Notify::new(),
        })
    }

    /// Counts one more connection. At the limit, another one closes for it. `None` if all are busy.
    pub(super) async fn admit(self: &Arc<Connections>) -> Option<Admitted> {
        // After this time, the connections that were closing have got requests.
        let _ = tokio::time::timeout(CLOSING, self.closed()).await;
        let mut open = self.open();
        if !open.has_capacity(self.limit) {
            return None;
        }
        open.last += 1;
        let admitted = Admitted {
            number: open.last,
            activity: Activity::new(),
            close: CancellationToken::new(),
            connections: self.clone(),
        };
        let entry = Entry {
            activity: admitted.activity.clone(),
            close: admitted.close.clone(),
        };
        open.connections.insert(admitted.number, entry);
        Some(admitted)
    }

    /// Waits while connections above the limit are closing. Many clients may connect before the tasks of the
    /// connections that close for them run.
    async fn closed(&self) {
        loop {
            let ended = self.ended.notified();
            if !self.open().is_closing_above(self.limit) {
                return;
            }
            ended.await;
        }
    }

    /// Closes the connection that has waited longest.
    pub(super) fn close_longest_waiting(&self) {
        self.open().close_longest_waiting();
    }

    /// Closes all connections, each after its current request, and waits for their end.
    pub(super) async fn close(&self) {
        let close = |entry: &Entry| entry.close.cancel();
        self.open().connections.values().for_each(close);
        loop {
            let ended = self.ended.notified();
            if self.open().connections.is_empty() {
                return;
            }
            ended.await;
        }
    }

    fn open(&self) -> MutexGuard<'_, Open> {
        self.open.lock().expect("no holder of this lock panics")
    }
}

impl Open {
    /// Whether one more fits. At the limit, one that waits is asked to close.
    fn has_capacity(&self, limit: usize) -> bool {
        let open = self.connections.values();
        let staying = open.filter(|it| !it.close.is_cancelled()).count();
        self.connections.len() < limit + MARGIN && (staying < limit || self.close_longest_waiting())
    }

    fn is_closing_above(&self, limit: usize) -> bool {
        let mut open = self.connections.values();
        self.connections.len() >= limit + MARGIN
            && open.any(|it| it.close.is_cancelled() && it.activity.wait().is_some())
    }

    /// Returns whether one was waiting.
    fn close_longest_waiting(&self) -> bool {
        let open = self.connections.values();
        let staying = open.filter(|it| !it.close.is_cancelled());
        let waiting = staying.filter_map(|it| Some((it.activity.wait()?.since(), &it.close)));
        let longest = waiting.min_by_key(|(since, _)| *since);
        longest.map(|(_, close)| close.cancel()).is_some()
    }
}

impl Wait {
    fn since(self) -> Instant {
        match self {
            Wait::Head(since) | Wait::Request(since) => since,
        }
    }
}

/// A connection, which counts as open until this is dropped.
pub(super) struct Admitted {
    number: u64,
    pub(super) activity: Arc<Activity>,
    close: CancellationToken,
    connections: Arc<Connections>,
}

impl Admitted {
    /// Completes when the connection must close.
    pub(super) async fn asked_to_close(&self) {
        self.close.cancelled().await;
    }

    /// Completes when the connection has waited too long for its client. It checks again after the shorter of
    /// the two limits, so it is exact without a notification of every change.
    pub(super) async fn overdue(&self) {
        let Settings {
            header_timeout,
            idle_timeout,
            ..
        } = self.connections.settings;
        loop {
            let now = Instant::now();
            let mut next_check = now + header_timeout.min(idle_timeout);
            if let Some(wait) = self.activity.wait() {
                let deadline = match wait {
                    Wait::Head(since) => since + header_timeout,
                    Wait::Request(since) => since + idle_timeout,
                };
                if deadline <= now {
                    return;
                }
                next_check = next_check.min(deadline);
            }
            tokio::time::sleep_until(next_check).await;
        }
    }
}

impl Drop for Admitted {
    fn drop(&mut self) {
        self.connections.open().connections.remove(&self.number);
        self.connections.ended.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn connections(limit: usize) -> Arc<Connections> {
        let settings = Settings::read(|_| None).expect("the defaults are good");
        Connections::new(settings, limit)
    }

    /// Whether it was asked to close.
    fn closes(admitted: &Admitted) -> bool {
        admitted.close.is_cancelled()
    }

    #[tokio::test]
    async fn the_connection_that_waits_longest_closes_first() {
        let connections = connections(3);
        let admit = async || connections.admit().await.expect("it is admitted");
        let (first, second, third) = (admit().await, admit().await, admit().await);
        let work = first.activity.begin();
        let _fourth = admit().await;
        assert!(!closes(&first) && closes(&second) && !closes(&third));
        drop(work);
        let _fifth = admit().await;
        assert!(!closes(&first) && closes(&third));
    }

    #[tokio::test]
    async fn a_burst_of_clients_does_not_exceed_the_limit() {
        let connections = connections(3);
        let mut admitted = Vec::new();
        // Their tasks do not run, so none closes.
        while let Some(one) = connections.admit().await {
            admitted.push(one);
            assert!(admitted.len() <= 3 + MARGIN);
        }
        admitted.pop();
        assert!(connections.admit().await.is_some());
    }
}
