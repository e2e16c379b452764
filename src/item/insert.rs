//! Creations that arrive together go to the database together.
//!
//! Creations queue here, and the sender takes all that wait and sends them as one statement, because each
//! `INSERT` of its own waits for its own flush of the log. With an idle database a creation is sent at once. While a
//! statement is under way, the next one waits until it is as large, for some milliseconds at most.
//! Each creation is acknowledged after the flush that made it last.
//!
//! A name that another item has fails alone (`ON CONFLICT DO NOTHING`). A name that the server rejects, by an
//! operator's constraint say, fails the statement. And a name that another *transaction* has touched and not yet
//! committed, a rename say, makes the statement wait, and may even deadlock with it: the rename waits for one name of
//! the statement, and holds another one. No order of the names prevents that. So the statement waits for others a
//! short time only. After both failures its creations go on in [`contested`], where each fails or waits for itself.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::{Semaphore, mpsc, oneshot};

use super::contested::{self, Contested};
use super::counts;
use super::load::Load;
use super::{Item, ItemName};
use crate::database::{Connection, Database, Deadline, Error, Parameter};

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Creation {
    Created(Item),
    /// Another item has this name.
    NameTaken,
}

/// The queue's near end.
pub(super) struct Inserter {
    database: Database,
    queue: mpsc::Sender<Waiting>,
}

/// A creation that waits for its result.
pub(super) struct Waiting {
    pub(super) name: ItemName,
    pub(super) deadline: Deadline,
    pub(super) claim: Claim,
    result: oneshot::Sender<Result<Creation, Arc<Error>>>,
}

/// A right that a statement needs to take the creation, and its caller needs to give up. The first one gets
/// it.
#[derive(Clone, Default)]
pub(super) struct Claim(Arc<AtomicBool>);

impl Claim {
    /// Returns whether the right was free.
    pub(super) fn take(&self) -> bool {
        !self.0.swap(true, Ordering::AcqRel)
    }

    /// After a statement was rolled back, the caller may give up again.
    pub(super) fn release(&self) {
        self.0.store(false, Ordering::Release);
    }
}

/// Creations that may wait: some seconds' worth at full speed. Past it a caller is better off with
/// an error at once.
const QUEUE: usize = 8192;

/// Creations in one statement. From some hundreds on, more gain nothing and only make the first of
/// them wait for the last.
const BATCH: usize = 512;

/// Statements that may be under way. The second one fills while the first one is flushed.
const STATEMENTS: usize = 2;

/// Rounds in which a statement gathers creations at most, so that a steady flow does not delay it.
const ROUNDS: usize = 8;

/// Time for a statement to end while the next one fills. One that waits for a lock must not delay the next one.
const PATIENCE: Duration = Duration::from_millis(5);

/// The `lock_timeout` of a statement for many creations. Shorter than the server's `deadlock_timeout` of
/// one second: so a deadlock costs the statement its attempt, and the other transaction nothing.
const SHARED_LOCK_TIMEOUT: Duration = Duration::from_millis(250);

impl Inserter {
    /// Starts the tasks at the queue's far end; they end when every clone is gone.
    pub(super) fn start(database: Database) -> Inserter {
        let (queue, waiting) = mpsc::channel(QUEUE);
        let contested = contested::start(database.clone());
        tokio::spawn(send_batches(database.clone(), contested, waiting));
        Inserter { database, queue }
    }

    /// The number of creations that wait for a statement.
    pub(super) fn waiting(&self) -> usize {
        self.queue.max_capacity() - self.queue.capacity()
    }

    /// Queues one creation and waits for its result. A caller gives up when there should have been a
    /// connection, and at the deadline. While no statement has the creation, nothing was changed.
    pub(super) async fn insert(&self, name: ItemName) -> Result<Creation, Error> {
        let (result, mut created) = oneshot::channel();
        let deadline = self.database.deadline();
        let claim = Claim::default();
        let waiting = Waiting {
            name,
            deadline,
            claim: claim.clone(),
            result,
        };
        let busy = || Error::Unavailable("busy: too many creations are waiting".into());
        self.queue.try_send(waiting).map_err(|_| busy())?;
        let by_then = |instant: std::time::Instant| tokio::time::Instant::from_std(instant);
        let mut done = tokio::time::timeout_at(by_then(deadline.connected()), &mut created).await;
        if done.is_err() {
            if claim.take() {
                return Err(busy());
            }
            done = tokio::time::timeout_at(by_then(deadline.whole()), &mut created).await;
        }
        match done {
            Ok(Ok(Ok(creation))) => Ok(creation),
            Ok(Ok(Err(error))) => Err(Error::Shared(error)),
            Ok(Err(_)) if claim.take() => {
                Err(Error::Unavailable("this process is stopping".into()))
            }
            Ok(Err(_)) => Err(Error::NoResult),
            Err(_) if claim.take() => Err(Error::Unavailable(
                "another transaction holds the name".into(),
            )),
            Err(_) => Err(Error::TimedOut(deadline.length())),
        }
    }
}

async fn send_batches(
    database: Database,
    contested: Contested,
    mut queue: mpsc::Receiver<Waiting>,
) {
    let statements = Arc::new(Semaphore::new(STATEMENTS));
    let load = Arc::new(Load::default());
    loop {
        let permit = statements.clone().acquire_owned().await;
        let mut batch = Vec::new();
        if queue.recv_many(&mut batch, BATCH).await == 0 {
            return;
        }
        gather(&mut queue, &mut batch).await;
        let patience = tokio::time::sleep(PATIENCE);
        load.outgrow(&mut queue, &mut batch, BATCH, patience).await;
        batch.retain(|waiting| waiting.claim.take());
        let Some(latest) = batch.iter().map(|it| it.deadline).max() else {
            continue;
        };
        let (database, contested) = (database.clone(), contested.clone());
        let running = load.add(batch.len());
        tokio::spawn(async move {
            match insert(&database, &batch, latest, SHARED_LOCK_TIMEOUT).await {
                Err(error) if contested::is_of_one(&error) => {
                    for waiting in &batch {
                        waiting.claim.release();
                    }
                    // Without the task, the process is stopping, and the callers notice that themselves.
                    let _ = contested.send(batch);
                }
                outcome => acknowledge(batch, outcome),
            }
            drop((permit, running));
        });
    }
}

/// Adds the creations that arrive at the same time, which would otherwise wait while the first of them has a
/// statement and a flush of its own. In each round, the runtime reads the sockets and runs the requests that have
/// arrived. A round without one is the last, and costs some microseconds.
async fn gather(queue: &mut mpsc::Receiver<Waiting>, batch: &mut Vec<Waiting>) {
    for _ in 0..ROUNDS {
        let before = batch.len();
        tokio::task::yield_now().await;
        while batch.len() < BATCH
            && let Ok(waiting) = queue.try_recv()
        {
            batch.push(waiting);
        }
        if batch.len() == before {
            return;
        }
    }
}

/// Sends each creation of a statement its result.
pub(super) fn acknowledge(batch: Vec<Waiting>, outcome: Result<HashMap<String, Item>, Error>) {
    let mut outcome = outcome.map_err(Arc::new);
    for waiting in batch {
        let result = match &mut outcome {
            // Of two creations of one name, the first takes the row and the second finds it gone.
            Ok(created) => Ok(created
                .remove(waiting.name.as_str())
                .map_or(Creation::NameTaken, Creation::Created)),
            Err(error) => Err(error.clone()),
        };
        // A caller that has gone needs no result.
        let _ = waiting.result.send(result);
    }
}

/// Creates what can be created. Where another transaction holds one of the names for longer than
/// `lock_timeout`, nothing is changed, and the error [is a lock timeout](Error::is_lock_timeout).
pub(super) async fn insert(
    database: &Database,
    batch: &[Waiting],
    deadline: Deadline,
    lock_timeout: Duration,
) -> Result<HashMap<String, Item>, Error> {
    let names: Vec<&str> = batch.iter().map(|it| it.name.as_str()).collect();
    let lock_timeout = format!("{}ms", lock_timeout.as_millis());
    let values: [&dyn Parameter; 2] = [&names, &lock_timeout];
    let insert = |connection: Connection| async move { connection.query(INSERT, &values).await };
    let rows = database.writing(deadline, insert).await?;
    counts::record_statement(batch.len(), rows.len());
    let items = rows.iter().map(Item::<String>::of);
    Ok(items.map(|item| (item.name.clone(), item)).collect())
}

/// The setting lasts as long as the statement's own transaction, also through a `PgBouncer`.
const INSERT: &str = "\
    INSERT INTO item (name)
    SELECT unnest($1::text[])
      FROM set_config('lock_timeout', $2, true)
        ON CONFLICT (name) DO NOTHING
    RETURNING id, name, created_at";
