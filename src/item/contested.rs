//! Creations whose statement failed because of one of them.
//!
//! One name blocks or fails a statement for many names, and the server does not report which. So the task
//! halves the statement's creations repeatedly: a half without such a name succeeds immediately, and the name
//! ends up alone. There a rejected one fails. The task retries a locked one until the other transaction has ended, or
//! until its own deadline. The task executes one short statement after the other: all such names together use one
//! connection, and creations of other names can use all others.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use tokio::sync::mpsc;

use super::insert::{Waiting, acknowledge, insert};
use crate::database::{Database, Error};

/// The `lock_timeout` of a statement here. The other creations in the queue wait meanwhile.
const LOCK_TIMEOUT: Duration = Duration::from_millis(50);

/// In this time before its deadline, a creation is not retried. So its caller gets the error that nothing was
/// changed, and not the error that the time ended during a statement.
const LAST_CALL: Duration = Duration::from_millis(300);

/// Passes the creations of a statement that was rolled back on to the task. It ends when every clone is dropped.
pub(super) type Contested = mpsc::UnboundedSender<Vec<Waiting>>;

/// Starts the task.
pub(super) fn start(database: Database) -> Contested {
    let (queue, contested) = mpsc::unbounded_channel();
    tokio::spawn(work(database, contested));
    queue
}

async fn work(database: Database, mut contested: mpsc::UnboundedReceiver<Vec<Waiting>>) {
    let mut parts = VecDeque::new();
    while let Some(batch) = contested.recv().await {
        parts.push_back(batch);
        while let Some(part) = parts.pop_front() {
            parts.extend(attempt(&database, part).await);
            while let Ok(batch) = contested.try_recv() {
                parts.push_back(batch);
            }
        }
    }
}

/// Whether one creation of a statement can be the cause of its failure.
pub(super) fn is_of_one(error: &Error) -> bool {
    error.is_lock_timeout() || error.is_of_a_value()
}

/// Returns the creations to retry: the halves of the part, or a single locked name.
async fn attempt(database: &Database, mut part: Vec<Waiting>) -> Vec<Vec<Waiting>> {
    part.retain(|waiting| waiting.claim.take());
    let Some(latest) = part.iter().map(|waiting| waiting.deadline).max() else {
        return Vec::new();
    };
    let error = match insert(database, &part, latest.for_another_attempt(), LOCK_TIMEOUT).await {
        Err(error) if is_of_one(&error) => error,
        outcome => {
            acknowledge(part, outcome);
            return Vec::new();
        }
    };
    let may_pass = error.is_lock_timeout() && Instant::now() + LAST_CALL <= latest.whole();
    if part.len() == 1 && !may_pass {
        acknowledge(part, Err(error));
        return Vec::new();
    }
    for waiting in &part {
        waiting.claim.release();
    }
    let half = part.split_off(part.len() / 2);
    let halves = [part, half].into_iter();
    halves.filter(|half| !half.is_empty()).collect()
}
