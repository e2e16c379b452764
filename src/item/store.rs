//! Items in PostgreSQL.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_postgres::error::SqlState;
use tokio_postgres::types::Type;

use super::insert::{Creation, Inserter};
use super::{IdempotencyKey, Item, ItemId, ItemName, KeyedCreation, Listing, idempotency};
use crate::database::{Connection, Database, Error, Statement};

/// The items of one database. Clones share the database's pool.
#[derive(Clone)]
pub struct Items {
    database: Database,
    inserter: Inserter,
    streams: Arc<Semaphore>,
}

/// What became of a renaming.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Renaming {
    /// It has the new name.
    Renamed(Item),
    /// Another item has it.
    NameTaken,
    /// There is no item with this id.
    NoSuchItem,
}

impl Items {
    /// Items in `database`. Must be called inside a tokio runtime.
    pub fn new(database: Database) -> Items {
        // A stream holds its connection as long as its reader takes. Half of the pool stays free
        // for everyone else.
        let streams = (database.pool_use().limit / 2).max(1);
        Items {
            inserter: Inserter::start(database.clone()),
            streams: Arc::new(Semaphore::new(streams)),
            database,
        }
    }

    /// Makes an item. It is on disk when this answers.
    pub async fn create(&self, name: ItemName) -> Result<Creation, Error> {
        self.inserter.insert(name).await
    }

    /// Makes an item unless this key made one before, and answers the same each time.
    pub async fn create_once(
        &self,
        key: &IdempotencyKey,
        name: &ItemName,
    ) -> Result<KeyedCreation, Error> {
        idempotency::create(self.database.connection().await?, key, name).await
    }

    /// One item.
    pub async fn read(&self, id: ItemId) -> Result<Option<Item>, Error> {
        let connection = self.database.connection().await?;
        let row = connection.query_first(&READ, &[&id.0]).await?;
        Ok(row.as_ref().map(Item::owned))
    }

    /// Gives an item another name.
    pub async fn rename(&self, id: ItemId, name: &ItemName) -> Result<Renaming, Error> {
        let connection = self.database.connection().await?;
        let renamed = connection
            .query_first(&RENAME, &[&id.0, &name.as_str()])
            .await;
        match renamed {
            Ok(Some(row)) => Ok(Renaming::Renamed(Item::owned(&row))),
            Ok(None) => Ok(Renaming::NoSuchItem),
            Err(Error::Refused(error)) if error.code() == Some(&SqlState::UNIQUE_VIOLATION) => {
                Ok(Renaming::NameTaken)
            }
            Err(error) => Err(error),
        }
    }

    /// Removes an item, and says whether it was there.
    pub async fn delete(&self, id: ItemId) -> Result<bool, Error> {
        let connection = self.database.connection().await?;
        Ok(connection.query_first(&DELETE, &[&id.0]).await?.is_some())
    }

    /// One page as a JSON array's elements, and the id to go on after if there are more.
    pub async fn page(&self, limit: u16, after: Option<ItemId>) -> Result<Page, Error> {
        let connection = self.database.connection().await?;
        let after = after.map_or(0, |id| id.0);
        let one_more = i64::from(limit) + 1;
        let rows = connection.query(&PAGE, &[&after, &one_more]).await?;
        let limit = usize::from(limit);
        let mut elements = Vec::with_capacity(128 * rows.len().min(limit));
        for (place, row) in rows.iter().take(limit).enumerate() {
            if place > 0 {
                elements.push(b',');
            }
            Item::borrowed(row).write_json(&mut elements);
        }
        let next = (rows.len() > limit).then(|| ItemId(rows[limit - 1].get(0)));
        Ok(Page { elements, next })
    }

    /// A connection for streaming, and the leave to use it so. `None` when too many streams are
    /// open already.
    pub(super) async fn stream(
        &self,
        listing: Listing,
    ) -> Result<Option<(StreamPermit, tokio_postgres::RowStream)>, Error> {
        let Ok(permit) = self.streams.clone().try_acquire_owned() else {
            return Ok(None);
        };
        let connection = self.database.connection().await?;
        let after = listing.after.map_or(0, |id| id.0);
        let rows = connection.stream(&ALL, &[&after]).await?;
        let permit = StreamPermit {
            connection,
            _permit: permit,
        };
        Ok(Some((permit, rows)))
    }
}

/// A page of items.
#[derive(Debug)]
pub struct Page {
    /// The elements of a JSON array, without its brackets.
    pub elements: Vec<u8>,
    /// The last id of this page, if another page follows.
    pub next: Option<ItemId>,
}

/// One of the streams that may be open at once.
pub(super) struct StreamPermit {
    pub(super) connection: Connection,
    _permit: OwnedSemaphorePermit,
}

const READ: Statement = Statement {
    sql: "SELECT id, name, created_at FROM item WHERE id = $1",
    types: &[Type::INT8],
};

const RENAME: Statement = Statement {
    sql: "UPDATE item SET name = $2 WHERE id = $1 RETURNING id, name, created_at",
    types: &[Type::INT8, Type::TEXT],
};

const DELETE: Statement = Statement {
    sql: "DELETE FROM item WHERE id = $1 RETURNING id",
    types: &[Type::INT8],
};

const PAGE: Statement = Statement {
    sql: "SELECT id, name, created_at FROM item WHERE id > $1 ORDER BY id LIMIT $2",
    types: &[Type::INT8, Type::INT8],
};

const ALL: Statement = Statement {
    sql: "SELECT id, name, created_at FROM item WHERE id > $1 ORDER BY id",
    types: &[Type::INT8],
};
