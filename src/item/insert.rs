//! Creations that arrive together go to the database together.
//!
//! Each `INSERT` of its own waits for its own flush of the log, some thousand a second at best.
//! So creations queue here, and whoever is ready to send takes all that wait and sends them as
//! one statement. Nothing waits for company: with an idle database a creation is sent at once,
//! and the queue fills only while earlier ones are being flushed. Each is answered after the
//! flush that made it last.
//!
//! One name's conflict fails that one alone (`ON CONFLICT DO NOTHING`). Names go in order, so
//! that two statements, of this process or of another, can never wait for each other.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use tokio::sync::{Semaphore, mpsc, oneshot};
use tokio_postgres::types::Type;

use super::{Item, ItemName};
use crate::database::{Database, Error, Statement};

/// What became of a creation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Creation {
    /// It is there.
    Created(Item),
    /// Another item has this name.
    NameTaken,
}

/// The queue's near end.
#[derive(Clone)]
pub(super) struct Inserter {
    queue: mpsc::Sender<Waiting>,
}

struct Waiting {
    since: Instant,
    name: ItemName,
    answer: oneshot::Sender<Result<Creation, Arc<Error>>>,
}

/// How many creations may wait? Some seconds' worth at full speed; past it a caller is better
/// off being told so.
const QUEUE: usize = 8192;

/// How many go into one statement? From some hundreds on, more gains nothing and only makes the
/// first of them wait for the last.
const BATCH: usize = 512;

/// How many statements may be under way? The second fills while the first one is flushed.
const STATEMENTS: usize = 2;

impl Inserter {
    /// Starts the task at the queue's far end; it ends when every clone is gone.
    pub(super) fn start(database: Database) -> Inserter {
        let (queue, waiting) = mpsc::channel(QUEUE);
        tokio::spawn(send_batches(database, waiting));
        Inserter { queue }
    }

    /// Queues one creation and waits for its answer.
    pub(super) async fn insert(&self, name: ItemName) -> Result<Creation, Error> {
        let (answer, answered) = oneshot::channel();
        self.queue
            .try_send(Waiting {
                since: Instant::now(),
                name,
                answer,
            })
            .map_err(|_| Error::Unavailable("too many creations are waiting".into()))?;
        match answered.await {
            Ok(Ok(creation)) => Ok(creation),
            Ok(Err(error)) => Err(Error::Shared(error)),
            Err(_) => Err(Error::Unavailable("this process is stopping".into())),
        }
    }
}

async fn send_batches(database: Database, mut queue: mpsc::Receiver<Waiting>) {
    let statements = Arc::new(Semaphore::new(STATEMENTS));
    loop {
        let permit = statements.clone().acquire_owned().await;
        let mut batch = Vec::new();
        if queue.recv_many(&mut batch, BATCH).await == 0 {
            return;
        }
        let database = database.clone();
        tokio::spawn(async move {
            send(&database, batch).await;
            drop(permit);
        });
    }
}

async fn send(database: &Database, mut batch: Vec<Waiting>) {
    // While the database is away, whoever has waited long enough already is told so at once.
    let since = batch.iter().map(|waiting| waiting.since).max();
    batch.sort_by(|one, other| one.name.cmp(&other.name));
    match insert(database, &batch, since.unwrap_or_else(Instant::now)).await {
        Ok(mut created) => {
            for waiting in batch {
                // Of two creations of one name, the first takes the row and the second finds it
                // gone.
                let creation = created
                    .remove(waiting.name.as_str())
                    .map_or(Creation::NameTaken, Creation::Created);
                // A caller that has gone needs no answer.
                let _ = waiting.answer.send(Ok(creation));
            }
        }
        Err(error) => {
            let error = Arc::new(error);
            for waiting in batch {
                let _ = waiting.answer.send(Err(error.clone()));
            }
        }
    }
}

async fn insert(
    database: &Database,
    batch: &[Waiting],
    since: Instant,
) -> Result<HashMap<String, Item>, Error> {
    let names: Vec<&str> = batch.iter().map(|it| it.name.as_str()).collect();
    let connection = database.connection_for(since).await?;
    let rows = connection.query(&INSERT, &[&names]).await?;
    let items = rows.iter().map(Item::owned);
    Ok(items.map(|item| (item.name.clone(), item)).collect())
}

const INSERT: Statement = Statement {
    sql: "INSERT INTO item (name)
          SELECT unnest($1::text[])
              ON CONFLICT (name) DO NOTHING
          RETURNING id, name, created_at",
    types: &[Type::TEXT_ARRAY],
};
