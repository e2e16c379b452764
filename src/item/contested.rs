//! Creations whose statement waited too long for another transaction.
//!
//! One locked name blocks a statement for many names, and the server does not report which. So the task
//! halves the statement's creations repeatedly: a half without a locked name succeeds immediately, and a
//! locked name ends up alone. The task retries it until the other transaction has ended, or until its own
//! deadline. The task executes one short statement after the other: all locked names together use one
//! connection, and creations of other names can use all others.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use tokio::sync::mpsc;

use super::insert::{Waiting, acknowledge, insert};
use crate::database::Database;

/// The `lock_timeout` of a statement here. The other creations in the queue wait meanwhile.
const LOCK_TIMEOUT: Duration = Duration::from_millis(50);

/// In this time before its deadline, a creation is not retried. So its caller gets the error that nothing was
/// changed, and not the error that the time ended during a statement.
const LAST_CALL: Duration = Duration::from_millis(300);

/// Passes creations to the task. Clones share it.
#[derive(Clone)]
pub(super) struct Contested {
    queue: mpsc::UnboundedSender<Vec<Waiting>>,
}

/// Starts the task. It ends when every clone of the returned value is dropped.
pub(super) fn start(database: Database) -> Contested {
    let (queue, contested) = mpsc::unbounded_channel();
    tokio::spawn(work(database, contested));
    Contested { queue }
}

impl Contested {
    /// Continues with the creations of a statement that was rolled back.
    pub(super) fn take_over(&self, batch: Vec<Waiting>) {
        // Without the task, the process is stopping, and the callers notice that themselves.
        let _ = self.queue.send(batch);
    }
}

async fn work(database: Database, mut contested: mpsc::UnboundedReceiver<Vec<Waiting>>) {
    let mut parts = VecDeque::new();
    loop {
        if parts.is_empty() {
            let Some(batch) = contested.recv().await else {
                return;
            };
            parts.push_back(batch);
        }
        while let Ok(batch) = contested.try_recv() {
            parts.push_back(batch);
        }
        let part = parts.pop_front().expect("the queue has a part");
        parts.extend(attempt(&database, part).await);
    }
}

/// Returns the creations to retry: the halves of the part, or a single locked name.
async fn attempt(database: &Database, mut part: Vec<Waiting>) -> Vec<Vec<Waiting>> {
    part.retain(Waiting::take);
    let Some(latest) = part.iter().map(|waiting| waiting.deadline).max() else {
        return Vec::new();
    };
    match insert(database, &part, latest.for_another_attempt(), LOCK_TIMEOUT).await {
        Err(error) if error.is_lock_timeout() => {
            if part.len() == 1 && Instant::now() + LAST_CALL > latest.whole() {
                acknowledge(part, Err(error));
                return Vec::new();
            }
            part.iter().for_each(Waiting::release);
            let half = part.split_off(part.len() / 2);
            return [part, half]
                .into_iter()
                .filter(|it| !it.is_empty())
                .collect();
        }
        outcome => acknowledge(part, outcome),
    }
    Vec::new()
}
