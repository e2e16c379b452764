//! Items in id order, a page at a time.
//!
//! Each page is one short statement whose rows are all read before any of them is sent. So a reader,
//! however slow, holds no connection and no snapshot, and the server never waits for it.

use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::Semaphore;
use tokio_postgres::Row;

use super::{Item, ItemId};
use crate::database::{Connection, Database, Error, Parameter};

/// Sending each row by itself costs five times the processor time.
const PIECE: usize = 32 * 1024;

/// Bytes after which a page ends early, and another one follows. Each connection may hold a page for a
/// reader that takes its time, so this bounds their memory. Names of 190 bytes on average, and
/// shorter ones, never reach it.
const PAGE_BYTES: usize = 256 * 1024;

/// The same for a whole listing, of which few are open at once.
const LISTING_PAGE_BYTES: usize = 1024 * 1024;

/// Reads pages of the items of one database.
#[derive(Clone)]
pub(super) struct Pages {
    database: Database,
    /// Half of the pool stays free for everything but whole listings.
    whole_listings: Arc<Semaphore>,
}

/// Some items in a row, as elements of a JSON array with a comma *before* each.
#[derive(Debug, Default)]
pub(super) struct Page {
    /// The elements, some 32 KiB in each piece.
    pub(super) pieces: Vec<Piece>,
    /// The last item of this page, if another page follows.
    pub(super) next: Option<ItemId>,
}

#[derive(Debug)]
pub(super) struct Piece {
    pub(super) json: Bytes,
    pub(super) rows: u64,
}

impl Pages {
    pub(super) fn new(database: Database) -> Pages {
        let half = (database.pool_use().limit / 2).max(1);
        Pages {
            whole_listings: Arc::new(Semaphore::new(half)),
            database,
        }
    }

    /// At most `rows` items after an id.
    pub(super) async fn page(&self, rows: u16, after: Option<ItemId>) -> Result<Page, Error> {
        let begin = || Builder::new(rows, PAGE_BYTES);
        let add = |page: &mut Builder, row: Row| page.add(&row);
        let (first, rows) = (first(after), one_more(rows));
        let values: [&dyn Parameter; 2] = [&first, &rows];
        let page = self.database.read_each(PAGE, &values, begin, add);
        page.await.map(Builder::build)
    }

    /// The same for a whole listing.
    pub(super) async fn page_of_all(
        &self,
        rows: u16,
        after: Option<ItemId>,
    ) -> Result<Page, Error> {
        let deadline = self.database.deadline();
        let turn = self.whole_listings.acquire();
        let turn = tokio::time::timeout_at(deadline.connected().into(), turn).await;
        let busy = |_| Error::Unavailable("busy: other whole listings use half of the pool".into());
        let _turn = turn.map_err(busy)?.expect("it is never closed");
        let read = |connection: Connection| async move {
            let mut page = Builder::new(rows, LISTING_PAGE_BYTES);
            let add = |row| page.add(&row);
            connection
                .query_each(PAGE, &[&first(after), &one_more(rows)], add)
                .await?;
            Ok(page.build())
        };
        self.database.reading(deadline, read).await
    }
}

impl Page {
    pub(super) fn rows(&self) -> u64 {
        self.pieces.iter().map(|piece| piece.rows).sum()
    }

    pub(super) fn bytes(&self) -> usize {
        self.pieces.iter().map(|piece| piece.json.len()).sum()
    }
}

/// The statement's first parameter. No id is less than 1.
fn first(after: Option<ItemId>) -> i64 {
    after.map_or(0, |id| id.0)
}

/// The statement's second parameter: one row more than the page has shows whether another page follows.
fn one_more(rows: u16) -> i64 {
    i64::from(rows) + 1
}

struct Builder {
    rows_left: u16,
    bytes_left: usize,
    page: Page,
    json: Vec<u8>,
    rows: u64,
    last: Option<ItemId>,
}

impl Builder {
    fn new(rows: u16, bytes: usize) -> Builder {
        Builder {
            rows_left: rows,
            bytes_left: bytes,
            page: Page::default(),
            json: Vec::new(),
            rows: 0,
            last: None,
        }
    }

    fn add(&mut self, row: &Row) {
        let item = Item::<&str>::of(row);
        if self.rows_left == 0 || self.bytes_left == 0 {
            self.page.next = self.last;
            return;
        }
        self.rows_left -= 1;
        if self.json.capacity() == 0 {
            self.json.reserve(PIECE + PIECE / 8);
        }
        let before = self.json.len();
        self.json.push(b',');
        item.write_json(&mut self.json);
        let written = self.json.len() - before;
        self.bytes_left = self.bytes_left.saturating_sub(written);
        self.rows += 1;
        self.last = Some(item.id);
        if self.json.len() >= PIECE {
            self.end_piece();
        }
    }

    fn end_piece(&mut self) {
        if self.rows > 0 {
            self.page.pieces.push(Piece {
                json: std::mem::take(&mut self.json).into(),
                rows: std::mem::take(&mut self.rows),
            });
        }
    }

    fn build(mut self) -> Page {
        self.end_piece();
        self.page
    }
}

const PAGE: &str = "SELECT id, name, created_at FROM item WHERE id > $1 ORDER BY id LIMIT $2";
