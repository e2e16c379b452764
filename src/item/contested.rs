//! Creations whose statement had to wait too long for another transaction.
//!
//! One name is enough to hold up a statement for many, and the server does not say which. So the
//! statement's creations are halved again and again: a half without a contested name succeeds at
//! once, and a contested name ends up alone. It is tried again until the other transaction has
//! ended, or its own deadline has come. All of this is one task, one short statement after the
//! other: however many names are contested, and for how long, they hold one connection, and the
//! creations of other names have all others.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use tokio::sync::mpsc;

use super::insert::{Waiting, acknowledge, insert};
use crate::database::Database;

/// What a statement waits here. The others in the queue wait as well meanwhile.
const PATIENCE: Duration = Duration::from_millis(50);

/// So long before its deadline a creation is not attempted again, so that its caller learns that
/// nothing was changed, and not that the time was over during a statement.
const LAST_CALL: Duration = Duration::from_millis(300);

/// Hands creations over. Clones lead to the same task.
#[derive(Clone)]
pub(super) struct Contested {
    queue: mpsc::UnboundedSender<Vec<Waiting>>,
}

/// Starts the task. It ends when every clone of what it returns is gone.
pub(super) fn start(database: Database) -> Contested {
    let (queue, contested) = mpsc::unbounded_channel();
    tokio::spawn(work(database, contested));
    Contested { queue }
}

impl Contested {
    /// Goes on with the creations of a statement that was rolled back.
    pub(super) fn take_over(&self, batch: Vec<Waiting>) {
        // Without the task the process is stopping, and the callers find that out themselves.
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
        let part = parts.pop_front().expect("there is one at least");
        parts.extend(attempt(&database, part).await);
    }
}

/// Returns what is still to be attempted: the halves of the part, or a single contested name.
async fn attempt(database: &Database, mut part: Vec<Waiting>) -> Vec<Vec<Waiting>> {
    part.retain(Waiting::take);
    let Some(latest) = part.iter().map(|waiting| waiting.deadline).max() else {
        return Vec::new();
    };
    match insert(database, &part, latest.for_another_attempt(), PATIENCE).await {
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
