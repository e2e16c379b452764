//! The tables of messages, their deliveries, and the known states.
//!
//! | module | purpose |
//! |---|---|
//! | `evaluation` | the states, and the messages of an evaluation |
//! | `delivery` | claims of messages, and the results of attempts |
//! | `overview` | deliveries in numbers, and undelivered messages |

mod delivery;
mod evaluation;
mod overview;

use crate::database::{Database, Error};
pub(super) use delivery::{Claimed, Retried};
pub(super) use evaluation::Watch;
pub(super) use overview::{Deliveries, Undelivered};

/// The tables in one database. Clones share its pool.
#[derive(Clone)]
pub struct Outbox {
    database: Database,
}

impl Outbox {
    pub fn new(database: Database) -> Outbox {
        Outbox { database }
    }

    /// Deletes some of the messages that are older than 30 days.
    pub(super) async fn delete_old(&self) -> Result<(), Error> {
        self.database.write(DELETE_OLD, &[]).await?;
        Ok(())
    }
}

/// A few at a time are enough, because each evaluation calls it.
const DELETE_OLD: &str = "\
    DELETE FROM notify_message
     WHERE id IN (
           SELECT id FROM notify_message
            WHERE created_at < now() - interval '30 days'
            ORDER BY created_at
            LIMIT 100)";
