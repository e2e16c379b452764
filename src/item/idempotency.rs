//! `Idempotency-Key`: creations that a client can repeat safely
//! (draft-ietf-httpapi-idempotency-key-header).
//!
//! One transaction writes the key, the item and the result, under an advisory lock of the key that ends
//! with the transaction. So a transaction that the server rolled back because of another one can run again.
//! And a crash leaves no state "in progress": if the lock is taken, the first request is running now.

use tokio_postgres::Row;

use super::{Creation, Item, ItemId, ItemName, Items, counts};
use crate::database::{Connection, Error};

/// 1 to 255 visible ASCII characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdempotencyKey(String);

impl IdempotencyKey {
    pub fn parse(text: &str) -> Option<IdempotencyKey> {
        let good = (1..=255).contains(&text.len()) && text.bytes().all(|it| it.is_ascii_graphic());
        good.then(|| IdempotencyKey(text.to_owned()))
    }
}

/// The result of a creation with a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyedCreation {
    /// The result of this request, or of an earlier one with the same key and name.
    Done(Creation),
    /// The key was used for another name within the last 24 hours.
    KeyReused,
    /// A request with this key is still running.
    InProgress,
}

impl Items {
    /// Creates an item unless this key created one before. Returns the same each time.
    pub async fn create_once(
        &self,
        key: &IdempotencyKey,
        name: &ItemName,
    ) -> Result<KeyedCreation, Error> {
        let create = |connection| attempt(connection, key, name);
        let database = self.database();
        database.writing(database.deadline(), create).await
    }
}

async fn attempt(
    connection: Connection,
    key: &IdempotencyKey,
    name: &ItemName,
) -> Result<KeyedCreation, Error> {
    let transaction = connection.begin().await?;
    let locked = transaction.query_first(LOCK, &[&key.0]).await?;
    if !locked.is_some_and(|row| row.get(0)) {
        transaction.commit().await?;
        return Ok(KeyedCreation::InProgress);
    }
    let row = transaction.query_first(STORED, &[&key.0]).await?;
    if let Some(row) = row {
        transaction.commit().await?;
        return Ok(stored(&row, name));
    }
    let row = transaction
        .query_first(CREATE, &[&key.0, &name.as_str()])
        .await?;
    transaction.commit().await?;
    Ok(KeyedCreation::Done(match row {
        Some(row) => {
            counts::record_creation();
            Creation::Created(Item::of(&row))
        }
        None => Creation::NameTaken,
    }))
}

/// The result that an earlier request stored.
fn stored(row: &Row, name: &ItemName) -> KeyedCreation {
    if row.get::<_, &str>("name") != name.as_str() {
        return KeyedCreation::KeyReused;
    }
    let id: Option<i64> = row.get("item_id");
    KeyedCreation::Done(match id.zip(row.get("item_created_at")) {
        Some((id, created_at)) => Creation::Created(Item {
            id: ItemId(id),
            name: name.as_str().to_owned(),
            created_at,
        }),
        None => Creation::NameTaken,
    })
}

const LOCK: &str = "SELECT pg_try_advisory_xact_lock(hashtextextended($1, 0))";

const STORED: &str = "\
    SELECT name, item_id, item_created_at
      FROM idempotency_key
     WHERE key = $1 AND created_at > now() - interval '24 hours'";

/// A key that is older than 24 hours counts as new, even if it was not deleted yet.
const CREATE: &str = "\
    WITH created AS (
        INSERT INTO item (name) VALUES ($2)
            ON CONFLICT (name) DO NOTHING
        RETURNING id, name, created_at),
    stored AS (
        INSERT INTO idempotency_key (key, name, item_id, item_created_at)
        SELECT $1, $2, created.id, created.created_at
          FROM (VALUES (1)) AS one LEFT JOIN created ON true
            ON CONFLICT (key) DO UPDATE
           SET name = excluded.name, item_id = excluded.item_id,
               item_created_at = excluded.item_created_at, created_at = now())
    SELECT id, name, created_at FROM created";
