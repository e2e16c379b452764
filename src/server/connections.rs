//! The connections that are open, and when each must end.
//!
//! What one client leaves undone must not cost the others their turn. A connection that waits too long
//! for the head of a request, or between two requests, is closed. When as many are open as allowed, the
//! one that has waited longest makes room for the next. Only when all of them are at work is the next
//! client turned away.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};

use tokio::sync::Notify;
use tokio::time::Instant;

use super::Settings;
use super::activity::{Activity, Wait};

/// All connections of one server. Clones share them.
#[derive(Clone)]
pub(super) struct Connections {
    shared: Arc<Shared>,
}

struct Shared {
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
    leave: Arc<Notify>,
    is_leaving: bool,
}

/// Connections above the limit, for the moment that those which make room take to end.
const MARGIN: usize = 16;

impl Connections {
    /// At most `limit` at once.
    pub(super) fn new(settings: Settings, limit: usize) -> Connections {
        Connections {
            shared: Arc::new(Shared {
                settings,
                limit,
                open: Mutex::default(),
                ended: Notify::new(),
            }),
        }
    }

    /// Counts one more, for which another may have to leave. `None` when all are at work.
    pub(super) fn admit(&self) -> Option<Admitted> {
        let mut open = self.shared.open();
        if open.is_full(self.shared.limit) && !open.make_room() {
            return None;
        }
        open.last += 1;
        let admitted = Admitted {
            number: open.last,
            activity: Activity::new(),
            leave: Arc::default(),
            shared: self.shared.clone(),
        };
        let entry = Entry {
            activity: admitted.activity.clone(),
            leave: admitted.leave.clone(),
            is_leaving: false,
        };
        open.connections.insert(admitted.number, entry);
        Some(admitted)
    }

    /// Makes the one that has waited longest leave.
    pub(super) fn make_room(&self) {
        self.shared.open().make_room();
    }

    /// Makes all leave, each after the request that it works on, and waits until they have.
    pub(super) async fn close(&self) {
        for entry in self.shared.open().connections.values_mut() {
            entry.leave();
        }
        loop {
            let ended = self.shared.ended.notified();
            if self.shared.open().connections.is_empty() {
                return;
            }
            ended.await;
        }
    }
}

impl Open {
    fn is_full(&self, limit: usize) -> bool {
        let count = self.connections.len();
        let leaving = || self.connections.values().filter(|it| it.is_leaving).count();
        count >= limit && (count >= limit + MARGIN || count - leaving() >= limit)
    }

    fn make_room(&mut self) -> bool {
        let staying = self.connections.values_mut().filter(|it| !it.is_leaving);
        let waiting = staying.filter_map(|entry| Some((entry.activity.wait()?.since(), entry)));
        let longest = waiting.min_by_key(|(since, _)| *since);
        longest.is_some_and(|(_, entry)| {
            entry.leave();
            true
        })
    }
}

impl Entry {
    fn leave(&mut self) {
        self.is_leaving = true;
        self.leave.notify_one();
    }
}

impl Shared {
    fn open(&self) -> MutexGuard<'_, Open> {
        self.open.lock().expect("no holder of this lock panics")
    }
}

impl Wait {
    fn since(self) -> Instant {
        match self {
            Wait::Head(since) | Wait::Request(since) => since,
        }
    }
}

/// A connection that counts as open until this is dropped.
pub(super) struct Admitted {
    number: u64,
    pub(super) activity: Arc<Activity>,
    leave: Arc<Notify>,
    shared: Arc<Shared>,
}

impl Admitted {
    /// Completes when the connection must leave.
    pub(super) async fn told_to_leave(&self) {
        self.leave.notified().await;
    }

    /// Completes when the client has kept the connection waiting for too long. To be exact without
    /// being told of every change, it looks again after the shorter of the two limits.
    pub(super) async fn overdue(&self) {
        let Settings {
            header_timeout,
            idle_timeout,
            ..
        } = self.shared.settings;
        loop {
            let now = Instant::now();
            let mut next_look = now + header_timeout.min(idle_timeout);
            if let Some(wait) = self.activity.wait() {
                let deadline = match wait {
                    Wait::Head(since) => since + header_timeout,
                    Wait::Request(since) => since + idle_timeout,
                };
                if deadline <= now {
                    return;
                }
                next_look = next_look.min(deadline);
            }
            tokio::time::sleep_until(next_look).await;
        }
    }
}

impl Drop for Admitted {
    fn drop(&mut self) {
        self.shared.open().connections.remove(&self.number);
        self.shared.ended.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn connections(limit: usize) -> Connections {
        let settings = Settings::read(|_| None).expect("the defaults are good");
        Connections::new(settings, limit)
    }

    /// Whether it was told to leave.
    fn leaves(admitted: &Admitted) -> bool {
        let told = futures_util::FutureExt::now_or_never(admitted.told_to_leave());
        told.is_some()
    }

    #[test]
    fn the_connection_that_waits_longest_makes_room() {
        let connections = connections(3);
        let admit = || connections.admit().expect("there is room");
        let (first, second, third) = (admit(), admit(), admit());
        let work = first.activity.begin();
        let _fourth = admit();
        assert!(!leaves(&first) && leaves(&second) && !leaves(&third));
        drop(work);
        let _fifth = admit();
        assert!(!leaves(&first) && leaves(&third));
    }

    #[test]
    fn a_client_is_turned_away_when_all_connections_are_at_work() {
        let connections = connections(2);
        let (one, two) = (connections.admit(), connections.admit());
        let (one, two) = (one.expect("there is room"), two.expect("there is room"));
        let work = [one.activity.begin(), two.activity.begin()];
        assert!(connections.admit().is_none());
        drop(work);
        assert!(connections.admit().is_some());
    }
}
