//! Items in PostgreSQL.

use std::sync::Arc;
use std::time::Duration;

use tokio_postgres::Row;

use super::counts::ItemCounts;
use super::insert::{Creation, Inserter};
use super::pages::{Page, Pages};
use super::stream::Streams;
use super::{Item, ItemId, ItemName};
use crate::database::{Database, Error};

/// The items of one database. A clone costs one count: each request makes some.
#[derive(Clone)]
pub struct Items(Arc<Shared>);

struct Shared {
    database: Database,
    inserter: Inserter,
    pages: Pages,
    streams: Streams,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Renaming {
    Renamed(Item),
    /// Another item has the name.
    NameTaken,
    /// There is no item with this id.
    NoSuchItem,
}

impl Items {
    /// Items in `database`. A whole listing ends after `deadline`, complete or not. Must be called
    /// inside a tokio runtime.
    pub fn new(database: Database, deadline: Duration) -> Items {
        let pages = Pages::new(database.clone());
        Items(Arc::new(Shared {
            inserter: Inserter::start(database.clone()),
            streams: Streams::new(pages.clone(), deadline),
            pages,
            database,
        }))
    }

    /// Creates an item. It is on disk when this returns.
    pub async fn create(&self, name: ItemName) -> Result<Creation, Error> {
        self.0.inserter.insert(name).await
    }

    pub async fn read(&self, id: ItemId) -> Result<Option<Item>, Error> {
        let keep = |found: &mut Option<Item>, row: Row| *found = Some(Item::of(&row));
        let database = &self.0.database;
        database.read_each(READ, &[&id.0], || None, keep).await
    }

    pub async fn rename(&self, id: ItemId, name: &ItemName) -> Result<Renaming, Error> {
        match self
            .0
            .database
            .write_first(RENAME, &[&id.0, &name.as_str()])
            .await
        {
            Ok(Some(row)) => Ok(Renaming::Renamed(Item::of(&row))),
            Ok(None) => Ok(Renaming::NoSuchItem),
            Err(error) if error.is_taken() => Ok(Renaming::NameTaken),
            Err(error) => Err(error),
        }
    }

    /// At most `limit` items after an id.
    pub(super) async fn page(&self, limit: u16, after: Option<ItemId>) -> Result<Page, Error> {
        self.0.pages.page(limit, after).await
    }

    pub fn counts(&self) -> ItemCounts {
        ItemCounts::read(self.0.inserter.waiting(), self.0.streams.open())
    }

    pub(super) fn database(&self) -> &Database {
        &self.0.database
    }

    pub(super) fn streams(&self) -> &Streams {
        &self.0.streams
    }
}

const READ: &str = "SELECT id, name, created_at FROM item WHERE id = $1";

const RENAME: &str = "UPDATE item SET name = $2 WHERE id = $1 RETURNING id, name, created_at";
